#pragma once

#include <deque>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "kernels/moe_experts.hpp"
#include "model/architectures/model_config.hpp"

namespace lyceum::model {

class GgufFile;

/// Row-major f32, one row an output. Empty where a layer has no such part.
using Weight = std::span<const float>;

struct FeedForwardWeights {
  Weight gate{};
  Weight up{};
  Weight down{};
};

struct LayerWeights {
  Weight attention_norm{};
  Weight
      query{};  ///< Latent attention: from the hidden state or, with a query rank, from the normalised latent
  Weight key{};
  Weight value{};
  Weight query_bias{};
  Weight key_bias{};
  Weight value_bias{};
  Weight query_norm{};
  Weight key_norm{};
  Weight attention_output{};

  // Latent attention.
  Weight query_latent{};
  Weight query_latent_norm{};
  Weight kv_latent{};
  Weight kv_latent_norm{};
  Weight head_key{};    ///< [num_heads, kv_rank, plain_dim]
  Weight head_value{};  ///< [num_heads, value_dim, kv_rank]

  Weight feed_forward_norm{};
  FeedForwardWeights dense{};
  Weight router{};
  Weight router_bias{};
  kernels::ExpertWeights experts{};
  FeedForwardWeights shared{};
  Weight shared_gate{};
};

/// All weights as f32: those of F32 tensors lie in the mapped file, the others are dequantised into memory.
struct ModelWeights {
  Weight embedding{};  ///< [vocabulary_size, num_hidden]
  Weight output_norm{};
  Weight output{};         ///< [vocabulary_size, num_hidden]; the embedding where the file has none
  Weight rope_divisors{};  ///< Empty: none
  std::vector<LayerWeights> layers{};
  std::deque<std::vector<float>> dequantized{};  ///< Owns what the spans above show outside the file
};

/// Borrows from `file`, which must outlive the result. not_found lists all missing tensors at once, malformed
/// all wrong shapes, unsupported names a type, or tensors of a layer that this architecture has no use for.
Result<ModelWeights> load_weights_blocking(const GgufFile& file, const ModelConfig& config);

}  // namespace lyceum::model
