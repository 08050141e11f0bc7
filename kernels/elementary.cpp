#include "kernels/elementary.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

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
  const float r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
  float y = 1.9875691500e-4F;
  y = y * r + 1.3981999507e-3F;
  y = y * r + 8.3334519073e-3F;
  y = y * r + 4.1665795894e-2F;
  y = y * r + 1.6666665459e-1F;
  y = y * r + 5.0000001201e-1F;
  y = (y * (r * r) + r) + 1.0F;
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
