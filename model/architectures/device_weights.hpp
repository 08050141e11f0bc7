#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "kernels/device.hpp"
#include "model/architectures/weights.hpp"

namespace lyceum::model {

/// `data` is null where a layer has no such part.
using DeviceMatrix = kernels::DeviceMatrix;

struct DeviceFeedForward {
  DeviceMatrix gate{};
  DeviceMatrix up{};
  DeviceMatrix down{};
};

/// LayerWeights on a device.
struct DeviceLayer {
  const float* attention_norm = nullptr;
  DeviceMatrix query{};
  DeviceMatrix key{};
  DeviceMatrix value{};
  const float* query_bias = nullptr;
  const float* key_bias = nullptr;
  const float* value_bias = nullptr;
  const float* query_norm = nullptr;
  const float* key_norm = nullptr;
  std::int32_t query_norm_width = 0;
  std::int32_t key_norm_width = 0;
  DeviceMatrix attention_output{};

  DeviceMatrix query_latent{};
  const float* query_latent_norm = nullptr;
  DeviceMatrix kv_latent{};
  const float* kv_latent_norm = nullptr;
  DeviceMatrix head_key{};
  DeviceMatrix head_value{};

  const float* feed_forward_norm = nullptr;
  DeviceFeedForward dense{};
  DeviceMatrix router{};
  const float* router_bias = nullptr;
  DeviceFeedForward experts{};  ///< `data` is the first expert's; null where they come from a store
  const void* const* expert_table = nullptr;  ///< [num_experts][3], on the device; null likewise
  DeviceFeedForward shared{};
  const float* shared_gate = nullptr;
};

struct DeviceWeights {
  DeviceMatrix embedding{};
  const float* output_norm = nullptr;
  DeviceMatrix output{};
  std::vector<DeviceLayer> layers{};
  std::vector<kernels::DeviceMemory> memory{};  ///< Owns it all
};

/// What products of 16 bits take: f16 where no weight has another type of 16 bits or fewer.
kernels::Narrow narrow_kind(const ModelWeights& weights);

/// Whether the weight's products take activations of 16 bits.
inline bool takes_narrow(const DeviceMatrix& matrix) {
  return matrix.num_outputs > 0 && matrix.type != static_cast<std::int32_t>(kernels::WeightType::f32);
}

enum class ExpertPlace : std::uint8_t { device, store };

/// overloaded when the device lacks memory.
Result<DeviceWeights> upload_weights_blocking(const std::shared_ptr<kernels::Device>& device,
                                              const ModelConfig& config, const ModelWeights& weights,
                                              ExpertPlace experts);

/// What that takes of the device's memory.
std::uint64_t device_weight_bytes(const ModelConfig& config, const ModelWeights& weights,
                                  ExpertPlace experts);

}  // namespace lyceum::model
