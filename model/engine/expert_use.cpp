#include "model/engine/expert_use.hpp"

#include <algorithm>

namespace lyceum::model {
namespace {

/// The part of the token's experts that the one before it used too, over all layers.
double shared_part(const std::vector<std::vector<std::int32_t>>& experts,
                   const std::vector<std::vector<std::int32_t>>& before) {
  std::size_t num_shared = 0;
  std::size_t num_experts = 0;
  for (std::size_t layer = 0; layer < experts.size(); ++layer) {
    num_experts += experts[layer].size();
    for (const std::int32_t expert : experts[layer])
      num_shared += std::ranges::count(before[layer], expert) > 0 ? 1 : 0;
  }
  return num_experts == 0 ? 0 : static_cast<double>(num_shared) / static_cast<double>(num_experts);
}

}  // namespace

std::vector<std::vector<std::int32_t>> experts_of(const std::vector<LayerRoutes>& routes, std::size_t row) {
  std::vector<std::vector<std::int32_t>> experts;
  for (const LayerRoutes& layer : routes) {
    const auto used = std::span(layer.experts).subspan(row * layer.top_k, layer.top_k);
    experts.emplace_back(used.begin(), used.end());
  }
  return experts;
}

void ExpertUseCounter::add(std::vector<std::vector<std::int32_t>> experts) {
  tokens_.resize(std::max(tokens_.size(), experts.size()));
  for (std::size_t layer = 0; layer < experts.size(); ++layer) {
    for (const std::int32_t expert : experts[layer]) {
      const auto index = static_cast<std::size_t>(expert);
      if (index >= tokens_[layer].size()) tokens_[layer].resize(index + 1);
      ++tokens_[layer][index];
    }
  }
  if (num_tokens_ > 0 && last_.size() == experts.size()) shared_ += shared_part(experts, last_);
  ++num_tokens_;
  last_ = std::move(experts);
}

ExpertUse ExpertUseCounter::use(const ModelConfig& config) const {
  ExpertUse use{.num_tokens = num_tokens_};
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
    auto& experts = use.tokens.emplace_back();
    if (layer < tokens_.size()) experts = tokens_[layer];
    experts.resize(config.layers[layer].experts ? config.layers[layer].experts->num_experts : 0);
  }
  if (num_tokens_ > 1) use.routing_consistency = shared_ / static_cast<double>(num_tokens_ - 1);
  return use;
}

}  // namespace lyceum::model
