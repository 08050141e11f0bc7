#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernels/moe_router.hpp"
#include "model/architectures/architecture.hpp"

namespace lyceum::model {

class GgufFile;

/// Ranks and widths of multi-head latent attention. Keys and values are kept as one latent row a token.
struct LatentAttention {
  std::size_t query_rank = 0;  ///< 0: queries are projected in one step
  std::size_t kv_rank = 0;
  std::size_t plain_dim = 0;  ///< Part of a head's key that does not turn
};

struct AttentionConfig {
  std::size_t num_heads = 0;
  std::size_t num_kv_heads = 0;
  std::size_t key_dim = 0;    ///< Of a head, as projected
  std::size_t value_dim = 0;  ///< Of a head
  float scale = 0.0F;         ///< Of the scores
  std::optional<LatentAttention> latent{};
};

struct RopeConfig {
  std::size_t dims = 0;
  double base = 10000.0;
  double factor = 1.0;
  std::optional<kernels::Yarn> yarn{};
  double magnitude = 1.0;
};

struct ExpertsConfig {
  std::size_t num_experts = 0;
  std::size_t num_inner = 0;
  std::size_t num_shared_inner = 0;  ///< 0: no shared expert
  kernels::RouterPolicy policy{};    ///< `top_k` is the model's own; a request may ask for another
};

struct LayerConfig {
  std::size_t num_inner = 0;  ///< Of a dense layer
  std::optional<ExpertsConfig> experts{};
};

/// Everything about a model but its weights, checked: extents fit each other and the limits of the kernels.
struct ModelConfig {
  Architecture architecture{};
  std::size_t vocabulary_size = 0;
  std::size_t context_length = 0;
  std::size_t num_hidden = 0;
  float norm_epsilon = 0.0F;
  AttentionConfig attention{};
  RopeConfig rope{};
  std::vector<LayerConfig> layers{};
};

/// Reads the metadata. unsupported names an unknown architecture, scaling or routing; not_found a missing
/// key; malformed a value that does not fit, with its key.
Result<ModelConfig> read_model_config(const GgufFile& file);

}  // namespace lyceum::model
