#include "kernels/matmul.hpp"

#include <array>
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

constexpr std::array kTypes{WeightType::f32,  WeightType::f16,  WeightType::bf16, WeightType::q8_0,
                            WeightType::q4_0, WeightType::q4_k, WeightType::q5_k, WeightType::q6_k};

TEST(Matmul, GivesATokenTheSameBitsInAnyBatch) {
  for (const WeightType type : kTypes) {
    constexpr std::size_t kInputs = 256;
    constexpr std::size_t kOutputs = 11;
    const auto x = random_values(5 * kInputs, 3);
    const auto w = random_matrix(type, kInputs, kOutputs, 4);
    std::vector<float> together(5 * kOutputs);
    matmul(5, x, w.view, together);

    for (std::size_t token = 0; token < 5; ++token) {
      std::vector<float> alone(kOutputs);
      matmul(1, std::span(x).subspan(token * kInputs, kInputs), w.view, alone);
      for (std::size_t output = 0; output < kOutputs; ++output)
        EXPECT_EQ(alone[output], together[token * kOutputs + output]);
    }
  }
}

// Goal: a product of quantised weights is that of the values which the format defines. Method: activations
// that rounding leaves as they are, and a bound of f32's rounding.
TEST(Matmul, MultipliesTheValuesOfTheFormat) {
  for (const WeightType type : kTypes) {
    constexpr std::size_t kInputs = 512;
    std::vector<float> x = random_values(kInputs, 5);
    for (float& value : x) value = std::nearbyint(value * 127.0F);
    for (std::size_t i = 0; i < kInputs; i += kInt8BlockSize) x[i] = 127.0F;
    const auto w = random_matrix(type, kInputs, 3, 6);
    std::vector<float> y(3);
    matmul(1, x, w.view, y);
    for (std::size_t output = 0; output < 3; ++output) {
      std::vector<float> row(kInputs);
      widen_row(w.view, output, row);
      double exact = 0.0;
      double size = 0.0;
      for (std::size_t i = 0; i < kInputs; ++i) {
        exact += static_cast<double>(x[i]) * static_cast<double>(row[i]);
        size += std::fabs(static_cast<double>(x[i]) * static_cast<double>(row[i]));
      }
      EXPECT_NEAR(static_cast<double>(y[output]), exact, 1e-5 * size) << static_cast<int>(type);
    }
  }
}

TEST(MatmulDeathTest, ChecksTheShapeAgainstTheBuffers) {
  std::vector<float> x(4);
  const auto w = random_matrix(WeightType::f32, 4, 2, 7);
  std::vector<float> y(1);
  EXPECT_DEATH(matmul(1, x, w.view, y), "num_outputs");
}

}  // namespace
}  // namespace lyceum::kernels::reference
