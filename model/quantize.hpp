#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/inspect.hpp"

namespace lyceum::model {

struct QuantizeRequest {
  std::string input{};   ///< A GGUF file, or a Hugging Face folder
  std::string output{};  ///< A GGUF file
  std::string type{};    ///< One of `quantization_types`
  bool may_replace = false;
};

struct QuantizeReport {
  std::uint64_t input_bytes = 0;   ///< Of the tensors
  std::uint64_t output_bytes = 0;  ///< Of the file
  std::vector<TypeShare> types{};  ///< Of the output, largest first
  /// Tensors that could not take the mix's type, because their rows are no multiple of its block.
  std::uint64_t num_fallbacks = 0;
  /// Tensors that were quantised already: their first loss stays.
  std::uint64_t num_requantized = 0;
};

/// "f32, f16, bf16, q8_0, q6_k, q5_k_m, q4_k_m, q4_0".
std::string quantization_types();

/// Writes a model as GGUF with its weights in another type; see QuantizationMix for what becomes of which
/// tensor. Holds a few rows in memory, not the model. Uses all cores. The output is whole or not there.
/// invalid_argument for an unknown type, conflict when the output exists and may not be replaced; errors of
/// the input name the file; io.
Result<QuantizeReport> quantize_model_blocking(const QuantizeRequest& request);

}  // namespace lyceum::model
