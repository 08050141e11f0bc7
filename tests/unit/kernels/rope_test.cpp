#include "kernels/rope.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/unit/kernels/random_values.hpp"

namespace lyceum::kernels {
namespace {

TEST(RopeFrequencies, FallGeometricallyFromOne) {
  const auto frequencies = rope_frequencies({.dims = 8, .base = 10000.0});
  ASSERT_EQ(frequencies.size(), 4U);
  EXPECT_DOUBLE_EQ(frequencies[0], 1.0);
  EXPECT_NEAR(frequencies[1], 0.1, 1e-15);
  EXPECT_NEAR(frequencies[3], 0.001, 1e-15);
}

TEST(RopeFrequencies, AreDividedByTheModelsDivisorsAndTheFactor) {
  const std::vector<float> divisors{1.0F, 2.0F};
  const auto frequencies = rope_frequencies({.dims = 4, .base = 100.0, .factor = 4.0, .divisors = divisors});
  EXPECT_NEAR(frequencies[0], 0.25, 1e-15);
  EXPECT_NEAR(frequencies[1], 0.1 / 2.0 / 4.0, 1e-15);
}

TEST(RopeFrequencies, YarnKeepsFastPairsAndStretchesSlowOnes) {
  const RopeParameters plain{.dims = 64};
  RopeParameters stretched = plain;
  stretched.factor = 4.0;
  stretched.yarn = Yarn{.original_context = 4096.0};
  const auto own = rope_frequencies(plain);
  const auto yarn = rope_frequencies(stretched);
  EXPECT_DOUBLE_EQ(yarn.front(), own.front());
  EXPECT_DOUBLE_EQ(yarn.back(), own.back() / 4.0);
  for (std::size_t pair = 0; pair < own.size(); ++pair) {
    EXPECT_LE(yarn[pair], own[pair]);
    EXPECT_GE(yarn[pair], own[pair] / 4.0 * (1.0 - 1e-12));
  }
}

TEST(Rope, TurnsAdjacentPairsOrHalves) {
  const std::vector<double> quarter_turn{std::acos(0.0), 0.0};
  std::vector<float> adjacent{1.0F, 0.0F, 5.0F, 6.0F, 9.0F};
  reference::rope(quarter_turn, RopePairs::adjacent, 1.0, 1, adjacent);
  EXPECT_NEAR(adjacent[0], 0.0, 1e-7);
  EXPECT_NEAR(adjacent[1], 1.0, 1e-7);
  EXPECT_EQ(adjacent[2], 5.0F);
  EXPECT_EQ(adjacent[4], 9.0F);

  std::vector<float> halves{1.0F, 5.0F, 0.0F, 6.0F};
  reference::rope(quarter_turn, RopePairs::half_split, 1.0, 1, halves);
  EXPECT_NEAR(halves[0], 0.0, 1e-7);
  EXPECT_NEAR(halves[2], 1.0, 1e-7);
  EXPECT_EQ(halves[1], 5.0F);
}

// Goal: the property that attention rests on: a product depends on the distance of two positions alone.
TEST(Rope, KeepsProductsAtEqualDistance) {
  const auto frequencies = rope_frequencies({.dims = 16});
  const auto product_at = [&](std::size_t left, std::size_t right) {
    auto a = random_values(16, 8);
    auto b = random_values(16, 9);
    reference::rope(frequencies, RopePairs::half_split, 1.0, left, a);
    reference::rope(frequencies, RopePairs::half_split, 1.0, right, b);
    double product = 0.0;
    for (std::size_t i = 0; i < 16; ++i) product += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return product;
  };
  EXPECT_NEAR(product_at(3, 10), product_at(403, 410), 1e-5);
}

}  // namespace
}  // namespace lyceum::kernels
