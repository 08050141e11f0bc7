#include "kernels/matmul.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "kernels/dot.hpp"
#include "tests/unit/kernels/random_values.hpp"

namespace lyceum::kernels::reference {
namespace {

TEST(Dot, StaysWithinItsStatedErrorOfDoublePrecision) {
  for (const std::size_t length : {0U, 1U, 15U, 16U, 17U, 31U, 64U, 100U, 2048U, 5000U}) {
    const auto a = random_values(length, 1);
    const auto b = random_values(length, 2);
    double exact = 0.0;
    double size = 0.0;
    for (std::size_t i = 0; i < length; ++i) {
      exact += static_cast<double>(a[i]) * static_cast<double>(b[i]);
      size += std::fabs(static_cast<double>(a[i]) * static_cast<double>(b[i]));
    }
    const double bound = (static_cast<double>(length) / 16.0 + 5.0) * std::ldexp(1.0, -24) * size;
    EXPECT_LE(std::fabs(static_cast<double>(dot(a, b)) - exact), bound) << length;
  }
}

// Goal: the order is the stated one. Method: values whose sum depends on it.
TEST(Dot, AddsInSixteenLanesThenHalves) {
  std::vector<float> values(32, 0.0F);
  values[0] = 1e8F;
  values[16] = -1e8F;  // The same lane: gone before lane 1 joins.
  values[1] = 1.0F;
  EXPECT_EQ(sum(values), 1.0F);

  std::vector<float> lost(32, 0.0F);
  lost[0] = 1e8F;
  lost[8] = 1.0F;  // Joins lane 0 first, and is lost in it.
  lost[1] = -1e8F;
  EXPECT_EQ(sum(lost), 0.0F);
}

TEST(Matmul, GivesATokenTheSameBitsInAnyBatch) {
  const MatmulShape all{5, 37, 11};
  const auto x = random_values(all.num_tokens * all.num_inputs, 3);
  const auto w = random_values(all.num_outputs * all.num_inputs, 4);
  std::vector<float> together(all.num_tokens * all.num_outputs);
  matmul(all, x, w, together);

  for (std::size_t token = 0; token < all.num_tokens; ++token) {
    std::vector<float> alone(all.num_outputs);
    matmul({1, all.num_inputs, all.num_outputs}, std::span(x).subspan(token * all.num_inputs, all.num_inputs),
           w, alone);
    for (std::size_t output = 0; output < all.num_outputs; ++output)
      EXPECT_EQ(alone[output], together[token * all.num_outputs + output]);
  }
}

TEST(MatmulDeathTest, ChecksTheShapeAgainstTheBuffers) {
  std::vector<float> x(4);
  std::vector<float> w(8);
  std::vector<float> y(1);
  EXPECT_DEATH(matmul({1, 4, 2}, x, w, y), "num_outputs");
}

}  // namespace
}  // namespace lyceum::kernels::reference
