#include "kernels/elementary.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace lyceum::kernels {
namespace {

TEST(Elementary, ExpIsWithinTwoUnitsInTheLastPlace) {
  for (float x = -87.0F; x < 88.5F; x += 0.00731F) {
    const double exact = std::exp(static_cast<double>(x));
    const double unit = std::ldexp(1.0, std::ilogb(exact) - 23);
    ASSERT_LE(std::fabs(static_cast<double>(exp_f32(x)) - exact), 2.0 * unit) << x;
  }
}

TEST(Elementary, ExpSaturatesInsteadOfOverflowing) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(exp_f32(-infinity), 0.0F);
  EXPECT_EQ(exp_f32(-1000.0F), 0.0F);
  EXPECT_EQ(exp_f32(0.0F), 1.0F);
  EXPECT_EQ(exp_f32(1000.0F), infinity);
  EXPECT_TRUE(std::isfinite(exp_f32(88.7F)));
  EXPECT_TRUE(std::isnan(exp_f32(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Elementary, SigmoidAndSiluHoldAtTheirEnds) {
  EXPECT_EQ(sigmoid_f32(0.0F), 0.5F);
  EXPECT_EQ(sigmoid_f32(200.0F), 1.0F);
  EXPECT_EQ(sigmoid_f32(-200.0F), 0.0F);
  EXPECT_EQ(silu_f32(0.0F), 0.0F);
  EXPECT_EQ(silu_f32(200.0F), 200.0F);
  EXPECT_NEAR(silu_f32(1.0F), 0.731058579, 1e-6);
}

}  // namespace
}  // namespace lyceum::kernels
