#include "kernels/elementary.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/exp_polynomial.hpp"

namespace lyceum::kernels {
namespace {

/// 2^exponent for -126 <= exponent <= 127.
float power_of_two(std::int32_t exponent) {
  return std::bit_cast<float>((exponent + 127) << 23);
}

}  // namespace

float exp_f32(float x) {
  if (std::isnan(x)) return x;
  if (x < -87.33F) return 0.0F;
  if (x > 88.72F) return std::numeric_limits<float>::infinity();
  const float n = std::floor(x * 1.44269504F + 0.5F);
  const float y = exp_polynomial(x, n);
  const auto exponent = static_cast<std::int32_t>(n);
  const std::int32_t half = exponent / 2;
  return (y * power_of_two(half)) * power_of_two(exponent - half);
}

float sigmoid_f32(float x) {
  return 1.0F / (1.0F + exp_f32(-x));
}

float silu_f32(float x) {
  return x / (1.0F + exp_f32(-x));
}

}  // namespace lyceum::kernels
