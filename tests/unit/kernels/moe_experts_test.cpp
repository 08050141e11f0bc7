#include "kernels/moe_experts.hpp"

#include <gtest/gtest.h>

#include "kernels/matmul.hpp"
#include "kernels/swiglu.hpp"
#include "tests/unit/kernels/random_values.hpp"

namespace lyceum::kernels {
namespace {

TEST(GroupByExpert, KeepsTheOrderOfRoutesWithinAnExpert) {
  const std::vector<std::int32_t> experts{2, 0, 2, 3, 0};
  ExpertGroups groups;
  group_by_expert(4, experts, groups);
  EXPECT_EQ(groups.first_slot, (std::vector<std::size_t>{0, 2, 2, 4, 5}));
  EXPECT_EQ(groups.route_of_slot, (std::vector<std::size_t>{1, 4, 0, 2, 3}));
  EXPECT_EQ(groups.slot_of_route, (std::vector<std::size_t>{2, 0, 3, 4, 1}));
}

class MoeExperts : public testing::Test {
 protected:
  static constexpr ExpertsShape kShape{3, 20, 12};
  RandomMatrix gate = random_matrix(WeightType::f32, 20, 36, 31);
  RandomMatrix up = random_matrix(WeightType::f32, 20, 36, 32);
  RandomMatrix down = random_matrix(WeightType::f32, 12, 60, 33);
  std::vector<float> x = random_values(4 * 20, 34);
  // Token 2 uses no expert, the others one to three.
  std::vector<std::size_t> first{0, 2, 3, 3, 6};
  std::vector<std::int32_t> experts{1, 0, 1, 2, 0, 1};
  std::vector<float> weights{0.7F, 0.3F, 1.5F, 0.2F, 0.3F, 0.5F};

  std::span<const float> token(std::size_t index) const { return std::span(x).subspan(index * 20, 20); }

  std::vector<float> run(const ExpertRoutes& routes, std::span<const float> input) const {
    std::vector<float> y(input.size(), 9.0F);
    reference::moe_experts(kShape, {gate.view, up.view, down.view}, routes, input, y);
    return y;
  }

  std::vector<float> one_expert(std::size_t expert, std::span<const float> input) const {
    std::vector<float> inner(12);
    std::vector<float> linear(12);
    std::vector<float> out(20);
    reference::matmul(1, input, gate.view.rows(expert * 12, 12), inner);
    reference::matmul(1, input, up.view.rows(expert * 12, 12), linear);
    reference::swiglu(inner, linear);
    reference::matmul(1, inner, down.view.rows(expert * 20, 20), out);
    return out;
  }
};

TEST_F(MoeExperts, AddsWeightedExpertsInTheOrderOfTheRoutes) {
  const auto y = run({first, experts, weights}, x);
  for (std::size_t t = 0; t < 4; ++t) {
    std::vector<float> expected(20, 0.0F);
    for (std::size_t route = first[t]; route < first[t + 1]; ++route) {
      const auto output = one_expert(static_cast<std::size_t>(experts[route]), token(t));
      for (std::size_t i = 0; i < 20; ++i) expected[i] += weights[route] * output[i];
    }
    EXPECT_EQ(std::vector<float>(y.begin() + static_cast<std::ptrdiff_t>(t * 20),
                                 y.begin() + static_cast<std::ptrdiff_t>(t * 20 + 20)),
              expected);
  }
}

TEST_F(MoeExperts, GivesATokenTheSameBitsAlone) {
  const auto together = run({first, experts, weights}, x);
  const std::vector<std::size_t> only{0, 3};
  const auto alone =
      run({only, std::span(experts).subspan(3, 3), std::span(weights).subspan(3, 3)}, token(3));
  EXPECT_EQ(alone, std::vector<float>(together.begin() + 60, together.end()));
}

}  // namespace
}  // namespace lyceum::kernels
