#pragma once

#include <span>

#include "kernels/cpu/lanes.hpp"
#include "kernels/int8_blocks.hpp"

/// Operations on one row. The same source for every instruction set: `Isa` only keeps the copies apart.
namespace lyceum::kernels::cpu {

LYCEUM_LANES float dot_lanes(const float* a, const float* b, std::size_t size) {
  Floats sums{};
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) sums += load(a + i) * load(b + i);
  if (i < size) sums += load_front(a + i, size - i) * load_front(b + i, size - i);
  return fold(sums);
}

LYCEUM_LANES Floats magnitude(Floats x) {
  return x < 0.0F ? -x : x;
}

LYCEUM_LANES Floats larger(Floats a, Floats b) {
  return a < b ? b : a;
}

template <class Isa>
static void quantize(const float* x, std::size_t num_blocks, Int8Block* blocks) {
  using Bytes [[gnu::vector_size(16)]] = std::int8_t;
  for (std::size_t b = 0; b < num_blocks; ++b) {
    const Floats halves[2] = {load(x + b * kInt8BlockSize), load(x + b * kInt8BlockSize + kLanes)};
    const float top = max_of(larger(magnitude(halves[0]), magnitude(halves[1])));
    Int8Block& block = blocks[b];
    block.scale = top / 127.0F;
    const float inverse = block.scale > 0.0F ? 127.0F / top : 0.0F;
    const bool is_usable = inverse <= 3.40282347e38F;
    if (!is_usable) block.scale = 0.0F;
    for (std::size_t half = 0; half < 2; ++half) {
      Floats rounded = round_to_even(halves[half] * (is_usable ? inverse : 0.0F));
      rounded = rounded > 127.0F ? all(127.0F) : rounded;
      rounded = rounded < -127.0F ? all(-127.0F) : rounded;
      const Ints values = __builtin_convertvector(rounded, Ints);
      const Bytes bytes = __builtin_convertvector(values, Bytes);
      std::memcpy(&block.values[half * kLanes], &bytes, sizeof(bytes));
      block.sums[half] = sum_of(values);
    }
    block.scaled_sum = block.scale * static_cast<float>(block.sums[0] + block.sums[1]);
  }
}

template <class Isa>
static void rms_norm(const float* x, std::span<const float> weight, float epsilon, float* y) {
  const std::size_t size = weight.size();
  const float mean_square = dot_lanes(x, x, size) / static_cast<float>(size) + epsilon;
  const float inverse = 1.0F / __builtin_sqrtf(mean_square);
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) store(y + i, (load(x + i) * inverse) * load(weight.data() + i));
  for (; i < size; ++i) y[i] = (x[i] * inverse) * weight[i];
}

template <class Isa>
static void swiglu(std::span<float> gate, const float* up) {
  for (std::size_t i = 0; i < gate.size(); i += kLanes) {
    const std::size_t count = gate.size() - i;
    store_front(&gate[i], silu_lanes(load_front(&gate[i], count)) * load_front(up + i, count), count);
  }
}

template <class Isa>
static void add_scaled(std::span<float> y, const float* x, float share) {
  std::size_t i = 0;
  for (; i + kLanes <= y.size(); i += kLanes) store(&y[i], load(&y[i]) + share * load(x + i));
  for (; i < y.size(); ++i) y[i] += share * x[i];
}

}  // namespace lyceum::kernels::cpu
