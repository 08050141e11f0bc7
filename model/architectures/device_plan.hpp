#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "model/architectures/device_memory.hpp"
#include "model/architectures/transformer.hpp"

namespace lyceum::model {

/// A token's place in a batch.
struct DeviceRow {
  const SequenceChunk* chunk;
  std::int32_t token;
  std::size_t position;
};

/// One layer's routes of a batch.
struct LayerRoutePlan {
  const std::int32_t* first_route = nullptr;  ///< [rows + 1], on the device; null: a dense layer
  std::vector<std::int32_t> first{};          ///< The same, on the host
  std::int32_t num_routes = 0;
  const float* row_bias = nullptr;  ///< [rows, num_experts], on the device; null: nobody asked
};

/// What a pass must know of a batch, on the host and on the device.
struct DevicePlan {
  std::vector<DeviceRow> rows{};
  std::int32_t num_rows = 0;
  std::int32_t num_logits = 0;
  std::int32_t num_pages_max = 0;  ///< Of one sequence
  std::int32_t num_routes_max = 0;
  std::int32_t num_highest = 0;  ///< Of each row of logits; 0: nobody asks for them
  std::int32_t num_experts_max = 0;
  bool is_plain_decode = false;  ///< A token a sequence, routed as the model does; only routes are shown

  const std::int32_t* tokens = nullptr;
  const std::int32_t* positions = nullptr;
  const std::int32_t* first_page = nullptr;
  const std::int32_t* logit_rows = nullptr;
  const float* cosines = nullptr;
  const float* sines = nullptr;
  const std::int32_t* tiles = nullptr;
  std::int32_t num_tiles = 0;
  float* const* pages = nullptr;
  std::vector<LayerRoutePlan> routes{};  ///< A layer each
};

/// Takes the chunks' pages, and puts the plan into `memory`. The same number of rows has the same addresses
/// until `memory` grows.
Result<DevicePlan> make_device_plan(const ModelConfig& config, std::span<const double> rope_frequencies,
                                    std::span<const SequenceChunk> batch, const kernels::Device& device,
                                    GrowingMemory& memory);

}  // namespace lyceum::model
