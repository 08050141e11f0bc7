#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lyceum::kernels {

enum class RouterScores {
  softmax,  ///< Over all experts (Shazeer et al. 2017, arXiv:1701.06538)
  sigmoid,  ///< Of each expert by itself (DeepSeek-V3, arXiv:2412.19437, eq. 12-16)
};

/// How a token's router logits become experts and weights.
struct RouterPolicy {
  std::size_t top_k = 1;  ///< 1..experts in the groups used
  RouterScores scores = RouterScores::softmax;
  bool renormalizes = false;        ///< Weights are divided by their sum, which is taken as at least 2^-14
  float scale = 1.0F;               ///< Of the weights, after that
  std::size_t num_groups = 1;       ///< Divides the experts into equal neighbours
  std::size_t num_groups_used = 1;  ///< Experts come from the groups whose two best scores sum highest
};

namespace reference {

/// Picks the `top_k` experts of one token and the weights that mix their outputs.
///
///   logits   [num_experts]            f32, finite
///   bias     [num_experts] or empty   added to the scores for selection only
///   experts  [top_k]                  out; by falling selection score, ties by rising expert id
///   weights  [top_k]                  out; the scores without the bias, then renormalised and scaled
/// Order: scores by `softmax` or sigmoid_f32; a group's rank is best + second best (one expert: the best
/// alone), ties by rising group; the weights' sum is taken in rank order.
void route_top_k(const RouterPolicy& policy, std::span<const float> logits, std::span<const float> bias,
                 std::span<std::int32_t> experts, std::span<float> weights);

}  // namespace reference
}  // namespace lyceum::kernels
