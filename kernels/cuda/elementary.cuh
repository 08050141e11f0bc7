#pragma once

#include "kernels/cuda/platform.cuh"
#include "kernels/device_table.hpp"
#include "kernels/exp_polynomial.hpp"

// Products and sums are rounded apart but where `fmaf` is written, so that the same expression gives the same
// bits wherever the compiler finds it.
namespace lyceum::kernels::cuda {

LYCEUM_BOTH int smaller(int a, int b) {
  return a < b ? a : b;
}

LYCEUM_BOTH int larger(int a, int b) {
  return a > b ? a : b;
}

LYCEUM_DEVICE float larger(float a, float b) {
  return a > b ? a : b;
}

/// exp_f32 of kernels/elementary.hpp, operation by operation.
LYCEUM_DEVICE float exponential(float x) {
  if (!(x >= -87.33F)) return x < -87.33F ? 0.0F : x;
  if (x > 88.72F) return float_of_bits(0x7F800000U);
  const float n = floorf(x * 1.44269504F + 0.5F);
  const float y = exp_polynomial(x, n);
  const int exponent = static_cast<int>(n);
  const int half = exponent / 2;
  const float low = float_of_bits(static_cast<std::uint32_t>(half + 127) << 23U);
  const float high = float_of_bits(static_cast<std::uint32_t>(exponent - half + 127) << 23U);
  return (y * low) * high;
}

LYCEUM_DEVICE float sigmoid(float x) {
  return 1.0F / (1.0F + exponential(-x));
}

LYCEUM_DEVICE float silu(float x) {
  return x / (1.0F + exponential(-x));
}

LYCEUM_DEVICE float wide_bf16(std::uint16_t bits) {
  return float_of_bits(static_cast<std::uint32_t>(bits) << 16U);
}

/// To the nearest, ties to even; finite values.
LYCEUM_DEVICE std::uint16_t narrow_bf16(float value) {
  const std::uint32_t bits = bits_of_float(value);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16U & 1U)) >> 16U);
}

LYCEUM_DEVICE std::uint16_t narrowed(Narrow kind, float value) {
  return kind == Narrow::f16 ? narrow_f16(value) : narrow_bf16(value);
}

LYCEUM_DEVICE float widened(Narrow kind, std::uint16_t bits) {
  return kind == Narrow::f16 ? wide_f16(bits) : wide_bf16(bits);
}

struct Add {
  LYCEUM_DEVICE float operator()(float a, float b) const { return a + b; }
};

struct Larger {
  LYCEUM_DEVICE float operator()(float a, float b) const { return larger(a, b); }
};

/// Sum over the lanes of a warp; every lane gets it.
LYCEUM_DEVICE float sum_of_warp(float value) {
  return over_warp(value, Add{});
}

LYCEUM_DEVICE float top_of_warp(float value) {
  return over_warp(value, Larger{});
}

/// Sum over the threads of a block, at most 1024, in the order of the warps; every thread gets it.
LYCEUM_DEVICE float sum_of_block(float value) {
  LYCEUM_SHARED float parts[32];
  const float part = sum_of_warp(value);
  sync_block();
  if (thread() % 32 == 0) parts[thread() / 32] = part;
  sync_block();
  float total = 0.0F;
  for (int warp = 0; warp < num_threads() / 32; ++warp) total += parts[warp];
  return total;
}

}  // namespace lyceum::kernels::cuda
