#include "kernels/moe_experts.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "kernels/matmul.hpp"
#include "kernels/swiglu.hpp"

namespace lyceum::kernels {

void group_by_expert(std::size_t num_experts, std::span<const std::int32_t> experts, ExpertGroups& groups) {
  auto& first = groups.first_slot;
  first.assign(num_experts + 1, 0);
  groups.route_of_slot.resize(experts.size());
  groups.slot_of_route.resize(experts.size());
  for (const std::int32_t expert : experts) {
    LYCEUM_CHECK(expert >= 0 && static_cast<std::size_t>(expert) < num_experts);
    ++first[static_cast<std::size_t>(expert)];
  }
  // Each entry becomes the end of its expert's slots, and filling from behind moves it to their beginning.
  for (std::size_t expert = 1; expert <= num_experts; ++expert) first[expert] += first[expert - 1];
  for (std::size_t route = experts.size(); route-- > 0;) {
    const std::size_t slot = --first[static_cast<std::size_t>(experts[route])];
    groups.route_of_slot[slot] = route;
    groups.slot_of_route[route] = slot;
  }
}

namespace reference {
namespace {

/// One expert over the tokens that chose it.
std::vector<float> run_expert(const ExpertsShape& shape, const ExpertWeights& weights, std::size_t expert,
                              std::span<const float> x) {
  const std::size_t num_tokens = x.size() / shape.num_hidden;
  std::vector<float> gate(num_tokens * shape.num_inner);
  std::vector<float> up(gate.size());
  std::vector<float> out(x.size());
  matmul(num_tokens, x, weights.gate.rows(expert * shape.num_inner, shape.num_inner), gate);
  matmul(num_tokens, x, weights.up.rows(expert * shape.num_inner, shape.num_inner), up);
  swiglu(gate, up);
  matmul(num_tokens, gate, weights.down.rows(expert * shape.num_hidden, shape.num_hidden), out);
  return out;
}

}  // namespace

void moe_experts(const ExpertsShape& shape, const ExpertWeights& weights, const ExpertRoutes& routes,
                 std::span<const float> x, std::span<float> y) {
  const std::size_t hidden = shape.num_hidden;
  LYCEUM_CHECK(x.size() == y.size() && !routes.first.empty());
  const std::size_t num_tokens = routes.first.size() - 1;
  const std::size_t num_routes = routes.experts.size();
  LYCEUM_CHECK(x.size() == num_tokens * hidden);
  LYCEUM_CHECK(routes.first.back() == num_routes && routes.weights.size() == num_routes);
  std::vector<std::size_t> token_of_route(num_routes);
  for (std::size_t token = 0; token < num_tokens; ++token) {
    for (std::size_t route = routes.first[token]; route < routes.first[token + 1]; ++route)
      token_of_route[route] = token;
  }

  ExpertGroups groups;
  group_by_expert(shape.num_experts, routes.experts, groups);
  std::vector<float> outputs(num_routes * hidden);
  for (std::size_t expert = 0; expert < shape.num_experts; ++expert) {
    const auto slots =
        std::span(groups.route_of_slot)
            .subspan(groups.first_slot[expert], groups.first_slot[expert + 1] - groups.first_slot[expert]);
    if (slots.empty()) continue;
    std::vector<float> gathered;
    gathered.reserve(slots.size() * hidden);
    for (const std::size_t route : slots) {
      const auto row = x.subspan(token_of_route[route] * hidden, hidden);
      gathered.insert(gathered.end(), row.begin(), row.end());
    }
    const std::vector<float> results = run_expert(shape, weights, expert, gathered);
    for (std::size_t slot = 0; slot < slots.size(); ++slot)
      std::ranges::copy(std::span(results).subspan(slot * hidden, hidden),
                        outputs.begin() + static_cast<std::ptrdiff_t>(slots[slot] * hidden));
  }

  std::ranges::fill(y, 0.0F);
  for (std::size_t route = 0; route < num_routes; ++route) {
    const auto target = y.subspan(token_of_route[route] * hidden, hidden);
    for (std::size_t i = 0; i < hidden; ++i) target[i] += routes.weights[route] * outputs[route * hidden + i];
  }
}

}  // namespace reference
}  // namespace lyceum::kernels
