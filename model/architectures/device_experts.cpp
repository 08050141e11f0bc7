#include "model/architectures/device_pass.hpp"

namespace lyceum::model {

void DevicePass::swiglu_layer(const DeviceFeedForward& weights, float* y) {
  project(workspace_.normalized, {{weights.gate, workspace_.gate}, {weights.up, workspace_.up}});
  const kernels::DeviceSwiglu gated{workspace_.gate, workspace_.up, workspace_.inner, plan_.num_rows,
                                    weights.gate.num_outputs};
  table_.swiglu(context_, &gated);
  project(workspace_.inner, {{weights.down, y}});
}

Result<void> DevicePass::feed_forward(std::size_t layer) {
  const DeviceLayer& weights = weights_.layers[layer];
  normalize(weights.feed_forward_norm,
            takes_narrow(weights.dense.gate) || takes_narrow(weights.dense.up) ||
                takes_narrow(weights.experts.gate) || takes_narrow(weights.experts.up) ||
                takes_narrow(weights.shared.gate) || takes_narrow(weights.shared.up));
  if (!config_.layers[layer].experts) {
    swiglu_layer(weights.dense, workspace_.change);
    return ok();
  }
  TRY_OK(mix_experts(layer));
  if (weights.shared.gate.data == nullptr) return ok();
  swiglu_layer(weights.shared, workspace_.shared);
  const kernels::DeviceAddShared shared{
      workspace_.change,   workspace_.shared, workspace_.normalized.wide,
      weights.shared_gate, plan_.num_rows,    static_cast<std::int32_t>(config_.num_hidden)};
  table_.add_shared(context_, &shared);
  return ok();
}

void DevicePass::route(std::size_t layer, float* x, const RoutedTo& to) const {
  const DeviceLayer& weights = weights_.layers[layer];
  const ExpertsConfig& config = *config_.layers[layer].experts;
  // Routers are f32.
  project({.wide = x, .narrow = nullptr}, {{weights.router, workspace_.router_logits}});
  kernels::DeviceRouter router{};
  router.logits = workspace_.router_logits;
  router.bias = weights.router_bias;
  router.row_bias = plan_.routes[layer].row_bias;
  router.first_route = plan_.routes[layer].first_route;
  router.experts = to.experts;
  router.weights = to.shares;
  router.num_rows = plan_.num_rows;
  router.num_experts = static_cast<std::int32_t>(config.num_experts);
  router.num_groups = static_cast<std::int32_t>(config.policy.num_groups);
  router.num_groups_used = static_cast<std::int32_t>(config.policy.num_groups_used);
  router.scores_are_sigmoid = config.policy.scores == kernels::RouterScores::sigmoid ? 1 : 0;
  router.renormalizes = config.policy.renormalizes ? 1 : 0;
  router.scale = config.policy.scale;
  table_.route(context_, &router);
}

DevicePass::RoutedTo DevicePass::routes_of(std::size_t layer) const {
  const std::size_t first = layer * static_cast<std::size_t>(plan_.num_routes_max);
  return {workspace_.experts + first, workspace_.shares + first};
}

ExpertStore::Guess DevicePass::guess_routes(std::size_t layer, std::vector<std::int32_t>& experts) const {
  std::size_t next = layer + 1;
  while (next < config_.layers.size() && !config_.layers[next].experts) ++next;
  if (next == config_.layers.size()) return {};
  kernels::DeviceNorm norm{};
  norm.hidden = workspace_.hidden;
  norm.weight = weights_.layers[next].feed_forward_norm;
  norm.out.wide = workspace_.guessed_in;
  norm.num_rows = plan_.num_rows;
  norm.width = static_cast<std::int32_t>(config_.num_hidden);
  norm.stride = norm.width;
  norm.epsilon = config_.norm_epsilon;
  table_.rms_norm(context_, &norm);
  route(next, workspace_.guessed_in, {workspace_.guessed_experts, workspace_.guessed_shares});
  experts = brought_back(workspace_.guessed_experts, static_cast<std::size_t>(plan_.routes[next].num_routes));
  return {next, experts};
}

Result<void> DevicePass::run_stored_experts(std::size_t layer, const kernels::DeviceExperts& asked) const {
  const auto routes = brought_back(asked.groups.experts, static_cast<std::size_t>(asked.groups.num_routes));
  std::vector<std::int32_t> guessed;
  const ExpertStore::Guess guess = guess_routes(layer, guessed);
  TRY_OK(device_.synchronize());
  store_->run(layer, routes, guess, [&](const void* const* weights) {
    kernels::DeviceExperts wave = asked;
    wave.weights = weights;
    table_.run_experts(context_, &wave);
  });
  return ok();
}

Result<void> DevicePass::mix_experts(std::size_t layer) {
  const DeviceLayer& weights = weights_.layers[layer];
  const ExpertsConfig& config = *config_.layers[layer].experts;
  const LayerRoutePlan& routes = plan_.routes[layer];
  const auto num_experts = static_cast<std::int32_t>(config.num_experts);
  const RoutedTo routed = routes_of(layer);
  route(layer, workspace_.normalized.wide, routed);
  TRY_OK(tap_routes(layer));
  const bool is_wide = !takes_narrow(weights.experts.gate) || !takes_narrow(weights.experts.up) ||
                       !takes_narrow(weights.experts.down);
  kernels::DeviceExperts asked{};
  asked.groups.experts = routed.experts;
  asked.groups.first_route = routes.first_route;
  asked.groups.num_rows = plan_.num_rows;
  asked.groups.num_routes = routes.num_routes;
  asked.groups.num_experts = num_experts;
  // The kernel for f32 knows small tiles only.
  asked.groups.tile_size =
      is_wide ? kernels::kDeviceFewRows : kernels::expert_tile_size(routes.num_routes, num_experts);
  asked.groups.slot_of_route = workspace_.slot_of_route;
  asked.groups.row_of_slot = workspace_.row_of_slot;
  asked.groups.tiles = workspace_.expert_tiles;
  table_.group(context_, &asked.groups);
  asked.weights = weights.expert_table;
  asked.gate_type = weights.experts.gate.type;
  asked.up_type = weights.experts.up.type;
  asked.down_type = weights.experts.down.type;
  asked.num_hidden = static_cast<std::int32_t>(config_.num_hidden);
  asked.num_inner = static_cast<std::int32_t>(config.num_inner);
  asked.x = workspace_.normalized;
  asked.gate = workspace_.gate;
  asked.up = workspace_.up;
  asked.inner = workspace_.inner;
  asked.out = workspace_.slots;
  if (store_ == nullptr) {
    table_.run_experts(context_, &asked);
  } else {
    TRY_OK(run_stored_experts(layer, asked));
  }
  const kernels::DeviceMix mixed{workspace_.slots, workspace_.slot_of_route, routes.first_route,
                                 routed.shares,    workspace_.change,        plan_.num_rows,
                                 asked.num_hidden};
  table_.mix(context_, &mixed);
  return ok();
}

}  // namespace lyceum::model
