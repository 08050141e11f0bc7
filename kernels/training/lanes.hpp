#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/exp_polynomial.hpp"

/// What the operations of training share: sums in 16 lanes, so that the compiler may use vectors of any width
/// without changing a bit, and an exponential that it can inline.
namespace lyceum::kernels::training {

constexpr std::size_t kSumLanes = 16;

using Lanes = std::array<float, kSumLanes>;

[[gnu::always_inline]] inline float sum_of(const Lanes& lanes) {
  std::array<float, 8> half{};
  for (std::size_t i = 0; i < 8; ++i) half[i] = lanes[i] + lanes[i + 8];
  for (std::size_t i = 0; i < 4; ++i) half[i] += half[i + 4];
  return (half[0] + half[2]) + (half[1] + half[3]);
}

/// Sum of a[i] * b[i]; n is a multiple of 16.
[[gnu::always_inline]] inline float dot_lanes(const float* a, const float* b, std::size_t n) {
  Lanes lanes{};
  for (std::size_t i = 0; i < n; i += kSumLanes) {
    for (std::size_t lane = 0; lane < kSumLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  return sum_of(lanes);
}

/// e^x within 3 units in the last place for x of -87..88, clamped outside; never NaN for a number.
[[gnu::always_inline]] inline float exp_lane(float x) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer.
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  const float n = (x * 1.44269504F + kRound) - kRound;
  return exp_polynomial(x, n) * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

}  // namespace lyceum::kernels::training
