#include "kernels/moe_router.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace lyceum::kernels {
namespace {

struct Routed {
  std::vector<std::int32_t> experts;
  std::vector<float> weights;
};

Routed route(const RouterPolicy& policy, const std::vector<float>& logits,
             const std::vector<float>& bias = {}) {
  Routed routed{std::vector<std::int32_t>(policy.top_k), std::vector<float>(policy.top_k)};
  reference::route_top_k(policy, logits, bias, routed.experts, routed.weights);
  return routed;
}

using Ids = std::vector<std::int32_t>;

TEST(RouteTopK, RanksByScoreAndWeighsBySoftmaxOverAll) {
  const Routed routed = route({.top_k = 2}, {0.0F, 2.0F, 1.0F, -1.0F});
  EXPECT_EQ(routed.experts, (Ids{1, 2}));
  const double total = 1.0 + std::exp(2.0) + std::exp(1.0) + std::exp(-1.0);
  EXPECT_NEAR(routed.weights[0], std::exp(2.0) / total, 1e-6);
  EXPECT_NEAR(routed.weights[1], std::exp(1.0) / total, 1e-6);
}

TEST(RouteTopK, RenormalizesAndScales) {
  const Routed routed = route({.top_k = 2, .renormalizes = true, .scale = 2.5F}, {0.0F, 2.0F, 1.0F, -1.0F});
  EXPECT_NEAR(routed.weights[0] + routed.weights[1], 2.5, 1e-6);
  const Routed single = route({.top_k = 1, .renormalizes = true}, {0.0F, 2.0F});
  EXPECT_EQ(single.weights[0], 1.0F);
}

TEST(RouteTopK, LowerExpertIdWinsATie) {
  EXPECT_EQ(route({.top_k = 3}, {1.0F, 5.0F, 1.0F, 1.0F, 5.0F}).experts, (Ids{1, 4, 0}));
}

TEST(RouteTopK, SelectsByBiasedScoresButWeighsByUnbiased) {
  const RouterPolicy policy{.top_k = 1, .scores = RouterScores::sigmoid};
  const Routed routed = route(policy, {0.0F, 3.0F}, {0.9F, 0.0F});
  EXPECT_EQ(routed.experts, (Ids{0}));
  EXPECT_EQ(routed.weights[0], 0.5F);
}

// Goal: a group counts by its two best. Method: the single best expert is in a group that loses.
TEST(RouteTopK, TakesExpertsFromTheBestGroupsOnly) {
  const RouterPolicy policy{
      .top_k = 2, .scores = RouterScores::sigmoid, .num_groups = 3, .num_groups_used = 1};
  const Routed routed = route(policy, {5.0F, -9.0F, 2.0F, 2.5F, 0.0F, 0.0F});
  EXPECT_EQ(routed.experts, (Ids{3, 2}));
}

TEST(RouteTopK, DividesByNoLessThanTheSmallestSum) {
  const RouterPolicy policy{.top_k = 1, .scores = RouterScores::sigmoid, .renormalizes = true};
  const Routed routed = route(policy, {-30.0F, -40.0F});
  EXPECT_LT(routed.weights[0], 1e-6F);
}

TEST(RouteTopKDeathTest, RefusesMoreExpertsThanTheGroupsHold) {
  const RouterPolicy policy{.top_k = 3, .num_groups = 2, .num_groups_used = 1};
  EXPECT_DEATH(route(policy, {1.0F, 2.0F, 3.0F, 4.0F}), "top_k");
}

}  // namespace
}  // namespace lyceum::kernels
