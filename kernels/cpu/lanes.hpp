#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/dot.hpp"
#include "kernels/exp_polynomial.hpp"

/// Sixteen values side by side: one 512-bit register, two of 256 bits or four of 128, as the file that
/// includes this is compiled for. Everything here is inlined or has internal linkage, because the same source
/// is compiled for several instruction sets and no copy may be shared between them.
namespace lyceum::kernels::cpu {

using Floats [[gnu::vector_size(64)]] = float;
using Ints [[gnu::vector_size(64)]] = std::int32_t;

#define LYCEUM_LANES [[gnu::always_inline]] static inline

LYCEUM_LANES Floats load(const float* from) {
  Floats v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}

LYCEUM_LANES Ints load(const std::int32_t* from) {
  Ints v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}

LYCEUM_LANES void store(float* to, Floats v) {
  std::memcpy(to, &v, sizeof(v));
}

LYCEUM_LANES void store(std::int32_t* to, Ints v) {
  std::memcpy(to, &v, sizeof(v));
}

/// The first `count` values; the others are 0.
LYCEUM_LANES Floats load_front(const float* from, std::size_t count) {
  if (count >= kLanes) return load(from);
  Floats v{};
  std::memcpy(&v, from, count * sizeof(float));
  return v;
}

LYCEUM_LANES void store_front(float* to, Floats v, std::size_t count) {
  if (count >= kLanes) return store(to, v);
  std::memcpy(to, &v, count * sizeof(float));
}

LYCEUM_LANES Floats all(float value) {
  return Floats{} + value;
}

LYCEUM_LANES Ints all(std::int32_t value) {
  return Ints{} + value;
}

LYCEUM_LANES Floats floats_of(Ints v) {
  return __builtin_convertvector(v, Floats);
}

/// The sum in the order of `reference::dot`: lane l adds lane l + 8, then l + 4, l + 2, l + 1.
LYCEUM_LANES float fold(Floats v) {
  using Eight [[gnu::vector_size(32)]] = float;
  using Four [[gnu::vector_size(16)]] = float;
  const Eight eight = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                      __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  const Four four =
      __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

/// Lane l is lane l + kStep of `v`, modulo sixteen.
template <std::size_t kStep, class Vector>
LYCEUM_LANES Vector rotated(Vector v) {
  return __builtin_shufflevector(v, v, kStep, kStep + 1, kStep + 2, kStep + 3, kStep + 4, kStep + 5,
                                 kStep + 6, kStep + 7, kStep + 8, kStep + 9, kStep + 10, kStep + 11,
                                 kStep + 12, kStep + 13, kStep + 14, kStep + 15);
}

LYCEUM_LANES Floats larger(Floats a, Floats b) {
  return a < b ? b : a;
}

LYCEUM_LANES float max_of(Floats v) {
  v = larger(v, rotated<8>(v));
  v = larger(v, rotated<4>(v));
  v = larger(v, rotated<2>(v));
  return larger(v, rotated<1>(v))[0];
}

LYCEUM_LANES std::int32_t sum_of(Ints v) {
  v += rotated<8>(v);
  v += rotated<4>(v);
  v += rotated<2>(v);
  return v[0] + v[1];
}

/// To the nearest integer, ties to even. |v| < 2^22: there the sum with 1.5 * 2^23 has no fraction bits.
LYCEUM_LANES Floats round_to_even(Floats v) {
  const Floats shift = all(12582912.0F);
  return (v + shift) - shift;
}

/// `exp_f32` of every lane, to the bit.
LYCEUM_LANES Floats exp_lanes(Floats x) {
  const Ints is_usable = (x >= -87.33F) & (x <= 88.72F);
  const Floats used = is_usable ? x : Floats{};
  const Floats target = used * 1.44269504F + 0.5F;
  const Floats nearest = round_to_even(target);
  const Floats n = nearest > target ? nearest - 1.0F : nearest;
  Floats y = exp_polynomial(used, n);
  const Ints exponent = __builtin_convertvector(n, Ints);
  const Ints half = exponent / 2;
  const Ints first = (half + 127) << 23;
  const Ints second = (exponent - half + 127) << 23;
  Floats powers[2];
  std::memcpy(&powers[0], &first, sizeof(first));
  std::memcpy(&powers[1], &second, sizeof(second));
  y = (y * powers[0]) * powers[1];
  y = x < -87.33F ? Floats{} : y;
  y = x > 88.72F ? all(__builtin_inff()) : y;
  return x != x ? x : y;
}

LYCEUM_LANES Floats silu_lanes(Floats x) {
  return x / (1.0F + exp_lanes(-x));
}

}  // namespace lyceum::kernels::cpu
