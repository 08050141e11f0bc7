#include "kernels/moe_router.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/check.hpp"
#include "kernels/elementary.hpp"
#include "kernels/softmax.hpp"

namespace lyceum::kernels::reference {
namespace {

constexpr float kSmallestSum = 6.103515625e-5F;  // 2^-14
constexpr float kExcluded = -std::numeric_limits<float>::infinity();

/// The highest values' indices by falling value. Strictly greater: an equal value stays behind the lower
/// index.
void select_top(std::span<const float> values, std::span<std::int32_t> top) {
  const auto value_of = [&](std::int32_t index) { return values[static_cast<std::size_t>(index)]; };
  std::size_t filled = 0;
  for (std::size_t index = 0; index < values.size(); ++index) {
    if (filled == top.size() && !(values[index] > value_of(top[filled - 1]))) continue;
    if (filled < top.size()) ++filled;
    std::size_t rank = filled - 1;
    for (; rank > 0 && values[index] > value_of(top[rank - 1]); --rank) top[rank] = top[rank - 1];
    top[rank] = static_cast<std::int32_t>(index);
  }
}

void exclude_weak_groups(const RouterPolicy& policy, std::span<float> selection) {
  const std::size_t group_size = selection.size() / policy.num_groups;
  std::vector<float> ranks(policy.num_groups);
  std::vector<std::int32_t> best(std::min<std::size_t>(2, group_size));
  for (std::size_t group = 0; group < policy.num_groups; ++group) {
    const auto members = selection.subspan(group * group_size, group_size);
    select_top(members, best);
    for (const std::int32_t member : best) ranks[group] += members[static_cast<std::size_t>(member)];
  }
  std::vector<std::int32_t> used(policy.num_groups_used);
  select_top(ranks, used);
  for (std::size_t group = 0; group < policy.num_groups; ++group) {
    if (std::find(used.begin(), used.end(), static_cast<std::int32_t>(group)) != used.end()) continue;
    std::ranges::fill(selection.subspan(group * group_size, group_size), kExcluded);
  }
}

}  // namespace

void route_top_k(const RouterPolicy& policy, std::span<const float> logits, std::span<const float> bias,
                 std::span<std::int32_t> experts, std::span<float> weights) {
  LYCEUM_CHECK(policy.num_groups >= 1 && logits.size() % policy.num_groups == 0);
  LYCEUM_CHECK(policy.num_groups_used >= 1 && policy.num_groups_used <= policy.num_groups);
  LYCEUM_CHECK(policy.top_k >= 1 &&
               policy.top_k <= logits.size() / policy.num_groups * policy.num_groups_used);
  LYCEUM_CHECK(bias.empty() || bias.size() == logits.size());
  LYCEUM_CHECK(experts.size() == policy.top_k && weights.size() == policy.top_k);
  std::vector<float> scores(logits.begin(), logits.end());
  if (policy.scores == RouterScores::softmax) {
    softmax(scores);
  } else {
    for (float& score : scores) score = sigmoid_f32(score);
  }
  std::vector<float> selection = scores;
  for (std::size_t expert = 0; expert < bias.size(); ++expert) selection[expert] += bias[expert];
  if (policy.num_groups > policy.num_groups_used) exclude_weak_groups(policy, selection);
  select_top(selection, experts);

  float total = 0.0F;
  for (std::size_t rank = 0; rank < policy.top_k; ++rank) {
    weights[rank] = scores[static_cast<std::size_t>(experts[rank])];
    total += weights[rank];
  }
  const float divisor = policy.renormalizes ? std::max(total, kSmallestSum) : 1.0F;
  for (float& weight : weights) weight = weight / divisor * policy.scale;
}

}  // namespace lyceum::kernels::reference
