#pragma once

#include <string_view>

#include "base/result.hpp"
#include "kernels/rope.hpp"

namespace lyceum::model {

/// Where queries and keys are normalised before they turn.
enum class QueryKeyNorm {
  none,
  per_head,  ///< Every head by one weight of a head's length (Qwen3)
  whole,     ///< The whole projection (OLMoE)
};

/// What a family of models does that its files' metadata do not say. Everything else is read from the file;
/// the forward pass is the same for all.
struct Architecture {
  std::string_view name;  ///< As in `general.architecture`
  kernels::RopePairs rope_pairs = kernels::RopePairs::half_split;
  QueryKeyNorm query_key_norm = QueryKeyNorm::none;
  bool has_query_key_value_bias = false;
  bool is_latent = false;                ///< Multi-head latent attention (arXiv:2405.04434)
  bool renormalizes_experts = false;     ///< Unless the file says
  bool has_gated_shared_expert = false;  ///< A shared expert behind a sigmoid (Qwen2-MoE)
};

/// unsupported, with the names that are known.
Result<Architecture> find_architecture(std::string_view name);

}  // namespace lyceum::model
