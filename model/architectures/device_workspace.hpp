#pragma once

#include <cstdint>

#include "kernels/device_table.hpp"
#include "model/architectures/device_memory.hpp"
#include "model/architectures/device_plan.hpp"
#include "model/architectures/model_config.hpp"

namespace lyceum::model {

/// How much a pass needs room for.
struct WorkspaceExtents {
  std::size_t num_rows = 0;
  std::size_t num_routes = 0;
  std::size_t num_logits = 0;
  std::size_t num_pages = 0;    ///< For partial sums of attention; 0: none
  std::size_t num_highest = 0;  ///< Of each row of logits

  bool operator==(const WorkspaceExtents&) const = default;
};

/// What a pass writes between two layers; each holds a row a token, or a slot.
struct DeviceWorkspace {
  float* hidden = nullptr;
  kernels::DeviceRows normalized{};
  float* change = nullptr;  ///< What a part of a layer adds to `hidden`
  float* queries = nullptr;
  float* keys = nullptr;
  float* values = nullptr;
  kernels::DeviceRows mixed{};  ///< What attention returns
  float* partials = nullptr;

  kernels::DeviceRows query_latent{};
  float* absorbed = nullptr;
  float* latent = nullptr;
  kernels::DeviceRows head_in{};  ///< One head of all rows

  float* gate = nullptr;
  float* up = nullptr;
  kernels::DeviceRows inner{};
  float* shared = nullptr;
  float* router_logits = nullptr;
  std::int32_t* experts = nullptr;  ///< Of every layer, so that they can be shown at the end
  float* shares = nullptr;          ///< Likewise
  float* guessed_in = nullptr;      ///< What the next layer's router is asked with too early
  std::int32_t* guessed_experts = nullptr;
  float* guessed_shares = nullptr;
  std::int32_t* slot_of_route = nullptr;
  std::int32_t* row_of_slot = nullptr;
  std::int32_t* expert_tiles = nullptr;
  float* slots = nullptr;

  kernels::DeviceRows last{};  ///< Rows that become logits
  float* logits = nullptr;
  std::uint64_t* highest_keys = nullptr;
  std::int32_t* highest_tokens = nullptr;  ///< [num_logits, num_highest]
  float* highest_logits = nullptr;
};

std::size_t workspace_bytes(const ModelConfig& config, const WorkspaceExtents& extents);

/// Lays a workspace out in `memory`; the same extents have the same addresses until it grows.
Result<DeviceWorkspace> make_workspace(const ModelConfig& config, const WorkspaceExtents& extents,
                                       GrowingMemory& memory);

}  // namespace lyceum::model
