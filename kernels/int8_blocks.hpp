#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/weight_matrix.hpp"

namespace lyceum::kernels {

constexpr std::size_t kInt8BlockSize = 32;
constexpr std::size_t kSuperblockSize = 256;
/// Values whose products are summed apart where the weights change their scale within a block of 32.
constexpr std::size_t kInt8HalfSize = 16;

/// 32 neighbours of a row of activations that share a scale: value[i] = scale * values[i].
struct Int8Block {
  float scale = 0.0F;
  std::int32_t sum = 0;                  ///< Of `values`
  std::array<std::int8_t, 32> values{};  ///< -127..127
};

/// 256 of them, for weights whose blocks have 256 values and whole numbers for scales within.
struct alignas(64) Int8Superblock {
  std::array<std::int8_t, kSuperblockSize> values{};
  std::array<std::int16_t, 16> half_sums{};  ///< Of 16 neighbours each
  std::array<std::int16_t, 8> block_sums{};  ///< Of 32
  float scale = 0.0F;
};

/// 16 or 32 neighbours of a quantised row of weights: value[i] = factor * scale * codes[i] - min_factor *
/// min.
struct WeightGroup {
  float factor = 0.0F;
  std::int32_t scale = 1;  ///< -128..127; 1 for types without superblocks
  float min_factor = 0.0F;
  std::int32_t min = 0;                 ///< 0..63; 0 where `has_mins` is false
  std::array<std::int8_t, 32> codes{};  ///< The front of `group_size`
};

/// How many values share a scale: 32, of Q6_K 16.
constexpr std::size_t group_size(WeightType type) {
  return type == WeightType::q6_k ? kInt8HalfSize : kInt8BlockSize;
}

constexpr bool has_mins(WeightType type) {
  return type == WeightType::q4_k || type == WeightType::q5_k;
}

/// Whether activations are rounded to superblocks for it, rather than to blocks of 32.
constexpr bool has_superblocks(WeightType type) {
  return weight_block(type).num_values == kSuperblockSize;
}

namespace reference {

/// Rounds activations to blocks. x.size() = 32 * blocks.size(), finite.
///
/// Order: top = max |x[i]| of the block; scale = top / 127; values[i] = x[i] * (127 / top) rounded to the
/// nearest integer, ties to even. A block of zeros has scale 0. Error below scale / 2 a value.
void quantize_int8_blocks(std::span<const float> x, std::span<Int8Block> blocks);

/// The same with blocks of 256.
void quantize_int8_superblocks(std::span<const float> x, std::span<Int8Superblock> blocks);

/// Group `index` of a row of quantised weights. The factors are those of the format, widened to f32.
WeightGroup weight_group(WeightType type, const std::byte* row, std::size_t index);

/// A row of weights without superblocks times a row of activations in blocks.
///
/// Order: one accumulator takes the blocks in rising order. A block's products are summed exactly in 32-bit
/// integers; the sum is converted to f32 (exact: it is below 2^24) and multiplied by (weight factor *
/// activation scale), rounded to f32, and added. Every product and sum is rounded apart.
float dot_quantized(WeightType type, const std::byte* row, std::span<const Int8Block> x);

/// A row of weights with superblocks times a row of activations in superblocks.
///
/// Order: one accumulator takes the superblocks in rising order. Within one, codes = the sum over groups of
/// scale * (sum of code * value) and mins = that of min * (sum of values), both exact in 32-bit integers, so
/// that no order is prescribed there: rows, panels and tiles of a matrix unit agree. Both are converted to
/// f32, rounded to nearest; codes * (factor * x.scale) is added and, with minimums, mins * (min_factor *
/// x.scale) is subtracted from it before. Every product and sum is rounded apart.
float dot_quantized(WeightType type, const std::byte* row, std::span<const Int8Superblock> x);

}  // namespace reference
}  // namespace lyceum::kernels
