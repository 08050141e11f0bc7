// The kernels over one row: normalisation, softmax, SwiGLU.
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "kernels/rms_norm.hpp"
#include "kernels/softmax.hpp"
#include "kernels/swiglu.hpp"
#include "tests/unit/kernels/random_values.hpp"

namespace lyceum::kernels::reference {
namespace {

TEST(RmsNorm, AgreesWithDoublePrecisionRowByRow) {
  const auto x = random_values(3 * 70, 6);
  const auto weight = random_values(70, 7);
  std::vector<float> y(x.size());
  rms_norm(x, weight, 1e-6F, y);
  for (std::size_t row = 0; row < 3; ++row) {
    double square = 0.0;
    for (std::size_t i = 0; i < 70; ++i) square += std::pow(static_cast<double>(x[row * 70 + i]), 2.0);
    const double inverse = 1.0 / std::sqrt(square / 70.0 + 1e-6);
    for (std::size_t i = 0; i < 70; ++i) {
      const double exact = static_cast<double>(x[row * 70 + i]) * inverse * static_cast<double>(weight[i]);
      EXPECT_NEAR(static_cast<double>(y[row * 70 + i]), exact, 1e-6);
    }
  }
}

TEST(RmsNorm, LeavesZerosZero) {
  std::vector<float> x(8, 0.0F);
  rms_norm(x, std::vector<float>(8, 1.0F), 1e-6F, x);
  EXPECT_EQ(x, std::vector<float>(8, 0.0F));
}

TEST(Softmax, SumsToOneAndBearsLargeValues) {
  std::vector<float> row{1000.0F, 999.0F, -std::numeric_limits<float>::infinity()};
  softmax(row);
  EXPECT_NEAR(row[0], 1.0 / (1.0 + std::exp(-1.0)), 1e-6);
  EXPECT_NEAR(row[0] + row[1], 1.0, 1e-6);
  EXPECT_EQ(row[2], 0.0F);
}

TEST(Swiglu, GatesByTheSigmoidOfTheGate) {
  std::vector<float> gate{0.0F, 1.0F, -1.0F};
  const std::vector<float> up{3.0F, 2.0F, 2.0F};
  swiglu(gate, up);
  EXPECT_EQ(gate[0], 0.0F);
  EXPECT_NEAR(gate[1], 2.0 * 0.731058579, 1e-6);
  EXPECT_NEAR(gate[2], -2.0 * 0.268941421, 1e-6);
}

}  // namespace
}  // namespace lyceum::kernels::reference
