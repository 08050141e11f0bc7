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

/// Rounds kSize values that share a scale, and returns the scale; sums[i] is that of sixteen of them.
template <std::size_t kSize>
LYCEUM_LANES float round_to_int8(const float* x, std::int8_t* bytes, std::int32_t* sums) {
  using Bytes [[gnu::vector_size(16)]] = std::int8_t;
  Floats tops{};
  for (std::size_t i = 0; i < kSize; i += kLanes) tops = larger(tops, magnitude(load(x + i)));
  const float top = max_of(tops);
  const float scale = top / 127.0F;
  const float inverse = scale > 0.0F ? 127.0F / top : 0.0F;
  const bool is_usable = inverse <= 3.40282347e38F;
  for (std::size_t i = 0; i < kSize; i += kLanes) {
    Floats rounded = round_to_even(load(x + i) * (is_usable ? inverse : 0.0F));
    rounded = rounded > 127.0F ? all(127.0F) : rounded;
    rounded = rounded < -127.0F ? all(-127.0F) : rounded;
    const Ints values = __builtin_convertvector(rounded, Ints);
    const Bytes narrow = __builtin_convertvector(values, Bytes);
    std::memcpy(bytes + i, &narrow, sizeof(narrow));
    sums[i / kLanes] = sum_of(values);
  }
  return is_usable ? scale : 0.0F;
}

template <class Isa>
static void quantize(const float* x, std::size_t num_blocks, Int8Block* blocks) {
  for (std::size_t b = 0; b < num_blocks; ++b) {
    std::int32_t sums[kInt8BlockSize / kLanes];
    blocks[b].scale = round_to_int8<kInt8BlockSize>(x + b * kInt8BlockSize, blocks[b].values.data(), sums);
    blocks[b].sum = sums[0] + sums[1];
  }
}

template <class Isa>
static void quantize_superblocks(const float* x, std::size_t num_blocks, Int8Superblock* blocks) {
  static_assert(kLanes == kInt8HalfSize);
  for (std::size_t b = 0; b < num_blocks; ++b) {
    std::int32_t sums[kSuperblockSize / kLanes];
    Int8Superblock& block = blocks[b];
    block.scale = round_to_int8<kSuperblockSize>(x + b * kSuperblockSize, block.values.data(), sums);
    for (std::size_t i = 0; i < 16; ++i) block.half_sums[i] = static_cast<std::int16_t>(sums[i]);
    for (std::size_t i = 0; i < 8; ++i)
      block.block_sums[i] = static_cast<std::int16_t>(sums[2 * i] + sums[2 * i + 1]);
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
