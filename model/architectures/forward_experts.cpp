#include <algorithm>

#include "kernels/dot.hpp"
#include "kernels/elementary.hpp"
#include "kernels/moe_experts.hpp"
#include "kernels/moe_router.hpp"
#include "kernels/swiglu.hpp"
#include "model/architectures/forward_pass.hpp"

namespace lyceum::model {

namespace reference = kernels::reference;

std::vector<float> ForwardPass::swiglu_layer(const FeedForwardWeights& weights,
                                             std::span<const float> x) const {
  std::vector<float> gate = project(x, weights.gate);
  reference::swiglu(gate, project(x, weights.up));
  return project(gate, weights.down);
}

std::vector<float> ForwardPass::feed_forward(std::size_t layer) const {
  const LayerWeights& weights = weights_.layers[layer];
  const std::vector<float> x = normalized(weights.feed_forward_norm);
  if (!config_.layers[layer].experts) return swiglu_layer(weights.dense, x);
  std::vector<float> out = mix_experts(layer, x);
  if (weights.shared.gate.empty()) return out;
  const std::vector<float> shared = swiglu_layer(weights.shared, x);
  const std::size_t hidden = config_.num_hidden;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    float share = 1.0F;
    if (!weights.shared_gate.empty())
      share = kernels::sigmoid_f32(
          reference::dot(std::span(x).subspan(row * hidden, hidden), weights.shared_gate));
    for (std::size_t i = row * hidden; i < (row + 1) * hidden; ++i) out[i] += share * shared[i];
  }
  return out;
}

/// The layer's own bias and the request's; empty when the request has none.
std::vector<float> ForwardPass::router_bias(std::size_t layer, const SequenceChunk& chunk) const {
  if (chunk.expert_bias.empty()) return {};
  std::size_t begin = 0;
  for (std::size_t before = 0; before < layer; ++before) {
    if (config_.layers[before].experts) begin += config_.layers[before].experts->num_experts;
  }
  const auto asked = chunk.expert_bias.subspan(begin, config_.layers[layer].experts->num_experts);
  std::vector<float> bias(asked.begin(), asked.end());
  const Weight own = weights_.layers[layer].router_bias;
  for (std::size_t expert = 0; expert < own.size(); ++expert) bias[expert] += own[expert];
  return bias;
}

std::vector<float> ForwardPass::mix_experts(std::size_t layer, std::span<const float> x) const {
  const LayerWeights& weights = weights_.layers[layer];
  const ExpertsConfig& config = *config_.layers[layer].experts;
  const std::vector<float> logits = project(x, weights.router);
  std::vector<std::size_t> first{0};
  std::vector<std::int32_t> experts;
  std::vector<float> shares;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    kernels::RouterPolicy policy = config.policy;
    const auto asked = rows_[row].chunk->experts_per_layer;
    if (!asked.empty()) policy.top_k = asked[layer];
    const std::size_t start = first.back();
    first.push_back(start + policy.top_k);
    experts.resize(first.back());
    shares.resize(first.back());
    const auto row_logits = std::span(logits).subspan(row * config.num_experts, config.num_experts);
    const std::vector<float> bias = router_bias(layer, *rows_[row].chunk);
    reference::route_top_k(policy, row_logits, bias.empty() ? weights.router_bias : std::span(bias),
                           std::span(experts).subspan(start), std::span(shares).subspan(start));
    tap_routes(layer, row, row_logits, std::span(experts).subspan(start), std::span(shares).subspan(start));
  }
  std::vector<float> out(x.size());
  reference::moe_experts({config.num_experts, config_.num_hidden, config.num_inner}, weights.experts,
                         {first, experts, shares}, x, out);
  return out;
}

}  // namespace lyceum::model
