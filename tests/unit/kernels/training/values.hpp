#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/training/bfloat16.hpp"

namespace lyceum::kernels::training {

/// Numbers of [-1, 1) from a seed.
class TestValues {
 public:
  explicit TestValues(std::uint64_t seed) : state_(seed) {}

  double next() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<double>(state_ >> 11U) * 0x1p-52 - 1.0;
  }

  std::vector<double> take(std::size_t n) {
    std::vector<double> values(n);
    for (double& value : values) value = next();
    return values;
  }

  /// Values that a bf16 holds exactly, so that rounding of the inputs is no part of an error.
  std::vector<double> take_bf16(std::size_t n) {
    std::vector<double> values(n);
    for (double& value : values) value = static_cast<double>(f32_of(bf16_of(static_cast<float>(next()))));
    return values;
  }

 private:
  std::uint64_t state_;
};

inline std::vector<float> floats(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

inline std::vector<std::uint16_t> bf16s(const std::vector<double>& values) {
  std::vector<std::uint16_t> rounded;
  for (const double value : values) rounded.push_back(bf16_of(static_cast<float>(value)));
  return rounded;
}

inline std::vector<double> doubles(const std::vector<std::uint16_t>& values) {
  std::vector<double> wide;
  for (const std::uint16_t value : values) wide.push_back(static_cast<double>(f32_of(value)));
  return wide;
}

inline std::vector<double> doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

/// Length of the difference over the length of `expected`.
inline double relative_error(std::span<const double> actual, std::span<const double> expected) {
  double difference = 0.0;
  double length = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
    length += expected[i] * expected[i];
  }
  return std::sqrt(difference / (length + 1e-300));
}

/// Derivatives of `loss` by `values`, from differences.
inline std::vector<double> differences(std::vector<double>& values, const std::function<double()>& loss) {
  constexpr double kStep = 1e-5;
  std::vector<double> gradient(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    values[i] = value + kStep;
    const double above = loss();
    values[i] = value - kStep;
    gradient[i] = (above - loss()) / (2.0 * kStep);
    values[i] = value;
  }
  return gradient;
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace lyceum::kernels::training
