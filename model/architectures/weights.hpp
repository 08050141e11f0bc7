#pragma once

#include <deque>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "kernels/moe_experts.hpp"
#include "kernels/weight_matrix.hpp"
#include "model/architectures/model_config.hpp"

namespace lyceum::model {

class GgufFile;

/// A vector of f32, such as a norm's or a bias. Empty where a layer has no such part.
using Weight = std::span<const float>;
/// Likewise empty.
using Matrix = kernels::WeightMatrix;

struct FeedForwardWeights {
  Matrix gate{};
  Matrix up{};
  Matrix down{};
};

struct LayerWeights {
  Weight attention_norm{};
  Matrix
      query{};  ///< Latent attention: from the hidden state or, with a query rank, from the normalised latent
  Matrix key{};
  Matrix value{};
  Weight query_bias{};
  Weight key_bias{};
  Weight value_bias{};
  Weight query_norm{};
  Weight key_norm{};
  Matrix attention_output{};

  // Latent attention.
  Matrix query_latent{};
  Weight query_latent_norm{};
  Matrix kv_latent{};
  Weight kv_latent_norm{};
  Matrix head_key{};    ///< num_heads times kv_rank rows of plain_dim
  Matrix head_value{};  ///< num_heads times value_dim rows of kv_rank

  Weight feed_forward_norm{};
  FeedForwardWeights dense{};
  Matrix router{};
  Weight router_bias{};
  kernels::ExpertWeights experts{};
  FeedForwardWeights shared{};
  Weight shared_gate{};
};

/// All weights as they lie in the mapped file. Only vectors that are no f32 there, and what must be
/// transposed, are kept in memory besides.
struct ModelWeights {
  Matrix embedding{};  ///< vocabulary_size rows of num_hidden
  Weight output_norm{};
  Matrix output{};         ///< Likewise; the embedding where the file has none
  Weight rope_divisors{};  ///< Empty: none
  std::vector<LayerWeights> layers{};
  std::deque<std::vector<float>> dequantized{};  ///< Owns what the views above show outside the file
};

/// Borrows from `file`, which must outlive the result. not_found lists all missing tensors at once, malformed
/// all wrong shapes, unsupported names a type, or tensors of a layer that this architecture has no use for.
Result<ModelWeights> load_weights_blocking(const GgufFile& file, const ModelConfig& config);

}  // namespace lyceum::model
