#include <algorithm>

#include "kernels/dot.hpp"
#include "kernels/elementary.hpp"
#include "kernels/moe_experts.hpp"
#include "kernels/moe_router.hpp"
#include "model/architectures/forward_pass.hpp"

namespace lyceum::model {

namespace reference = kernels::reference;

void ForwardPass::swiglu_layer(const FeedForwardWeights& weights, std::span<const float> x,
                               std::span<float> y) {
  const std::size_t size = rows_.size() * weights.gate.num_outputs;
  const auto gate = workspace_.gate.of(size);
  const auto up = workspace_.up.of(size);
  const std::array products{kernels::Product{weights.gate, gate}, kernels::Product{weights.up, up}};
  operations_.matmul(rows_.size(), x, products);
  operations_.swiglu(gate, up);
  project(gate, weights.down, y);
}

void ForwardPass::feed_forward(std::size_t layer) {
  const LayerWeights& weights = weights_.layers[layer];
  const auto x = normalized(weights.feed_forward_norm);
  const auto out = workspace_.change.of(hidden_.size());
  if (!config_.layers[layer].experts) {
    swiglu_layer(weights.dense, x, out);
    return;
  }
  mix_experts(layer, x);
  if (weights.shared.gate.empty()) return;
  const auto shared = workspace_.shared.of(hidden_.size());
  swiglu_layer(weights.shared, x, shared);
  const std::size_t hidden = config_.num_hidden;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    float share = 1.0F;
    if (!weights.shared_gate.empty())
      share = kernels::sigmoid_f32(reference::dot(x.subspan(row * hidden, hidden), weights.shared_gate));
    for (std::size_t i = row * hidden; i < (row + 1) * hidden; ++i) out[i] += share * shared[i];
  }
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

/// Where each row's routes begin; returns their number.
std::size_t ForwardPass::count_routes(std::size_t layer) {
  const auto first = workspace_.first_route.of(rows_.size() + 1);
  first[0] = 0;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    const auto asked = rows_[row].chunk->experts_per_layer;
    first[row + 1] =
        first[row] + (asked.empty() ? config_.layers[layer].experts->policy.top_k : asked[layer]);
  }
  return first[rows_.size()];
}

void ForwardPass::mix_experts(std::size_t layer, std::span<const float> x) {
  const LayerWeights& weights = weights_.layers[layer];
  const ExpertsConfig& config = *config_.layers[layer].experts;
  const auto logits = workspace_.router_logits.of(rows_.size() * config.num_experts);
  project(x, weights.router, logits);
  const std::size_t num_routes = count_routes(layer);
  const auto first = workspace_.first_route.of(rows_.size() + 1);
  const auto experts = workspace_.experts.of(num_routes);
  const auto shares = workspace_.shares.of(num_routes);
  const auto routes_of = [&](std::size_t row, auto values) {
    return values.subspan(first[row], first[row + 1] - first[row]);
  };
  const auto logits_of = [&](std::size_t row) {
    return logits.subspan(row * config.num_experts, config.num_experts);
  };
  operations_.for_each(rows_.size(), [&](std::size_t row) {
    kernels::RouterPolicy policy = config.policy;
    policy.top_k = first[row + 1] - first[row];
    const std::vector<float> bias = router_bias(layer, *rows_[row].chunk);
    reference::route_top_k(policy, logits_of(row), bias.empty() ? weights.router_bias : std::span(bias),
                           routes_of(row, experts), routes_of(row, shares));
  });
  for (std::size_t row = 0; row < rows_.size(); ++row)
    tap_routes(layer, row, logits_of(row), routes_of(row, experts), routes_of(row, shares));
  operations_.moe_experts({config.num_experts, config_.num_hidden, config.num_inner}, weights.experts,
                          {first, experts, shares}, x, workspace_.change.of(hidden_.size()));
}

}  // namespace lyceum::model
