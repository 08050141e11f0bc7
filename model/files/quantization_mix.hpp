#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/files/quantized.hpp"

namespace lyceum::model {

/// Which type each tensor of a model gets, under a published name such as "q4_k_m".
struct QuantizationMix {
  std::string_view name{};
  TensorType type = TensorType::f32;         ///< Of most tensors
  TensorType output_type = TensorType::f32;  ///< Of the output matrix, also where the embedding is it
  /// Of values and of the experts' last matrix in the first and the last eighth of the layers and in every
  /// third between them: where errors cost most.
  TensorType sensitive_type = TensorType::f32;
  std::uint32_t file_type = 0;  ///< general.file_type
};

/// invalid_argument with the names that are known.
Result<QuantizationMix> find_mix(std::string_view name);
/// For help: "f32, f16, …".
std::string mix_names();

/// What the choice for a tensor depends on.
struct MixPlace {
  std::uint32_t num_layers = 0;
  bool has_output = true;  ///< False: the embedding is the output matrix as well
};

/// Norms, biases, routers, gates of shared experts and all that has one dimension stay F32. A row that is no
/// multiple of a K type's 256 values takes Q8_0, one that is no multiple of 32 F16.
TensorType type_in_mix(const QuantizationMix& mix, std::string_view name,
                       std::span<const std::uint64_t> shape, const MixPlace& place);

}  // namespace lyceum::model
