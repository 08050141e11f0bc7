#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/weight_matrix.hpp"

namespace lyceum::kernels {

constexpr std::size_t kInt8BlockSize = 32;
/// Values whose products are summed apart where the weights change their scale within a block.
constexpr std::size_t kInt8HalfSize = 16;

/// 32 neighbours of a row of activations that share a scale: value[i] = scale * values[i].
struct Int8Block {
  float scale = 0.0F;
  float scaled_sum = 0.0F;               ///< scale * (sums[0] + sums[1])
  std::array<std::int32_t, 2> sums{};    ///< Of the first and the last 16 of `values`
  std::array<std::int8_t, 32> values{};  ///< -127..127
};

/// 16 or 32 neighbours of a quantised row of weights: value[i] = scale * codes[i] - min.
struct WeightGroup {
  float scale = 0.0F;
  float min = 0.0F;                     ///< 0 where `has_mins` is false
  std::array<std::int8_t, 32> codes{};  ///< The front of `group_size`
};

/// How many values share a scale: 32, of Q6_K 16.
constexpr std::size_t group_size(WeightType type) {
  return type == WeightType::q6_k ? kInt8HalfSize : kInt8BlockSize;
}

constexpr bool has_mins(WeightType type) {
  return type == WeightType::q4_k || type == WeightType::q5_k;
}

namespace reference {

/// Rounds activations to blocks. x.size() = 32 * blocks.size(), finite.
///
/// Order: top = max |x[i]| of the block; scale = top / 127; values[i] = x[i] * (127 / top) rounded to the
/// nearest integer, ties to even. A block of zeros has scale 0. Error below scale / 2 a value.
void quantize_int8_blocks(std::span<const float> x, std::span<Int8Block> blocks);

/// Group `index` of a row of quantised weights. The factors are those of the format, rounded to f32: `scale`
/// is d, or d times the group's own scale; `min` is m times the group's own minimum.
WeightGroup weight_group(WeightType type, const std::byte* row, std::size_t index);

/// A row of quantised weights times a row of activations in blocks.
///
/// Order: one accumulator takes the weights' groups in rising order. A group's products are summed exactly in
/// 32-bit integers; the sum is converted to f32 (exact: it is below 2^24) and multiplied by (weight scale *
/// activation scale), rounded to f32. With minimums, (min * scaled_sum of the block) is subtracted from that
/// before it is added. Every product and sum is rounded apart. A kernel that keeps one output a lane has this
/// order whatever its tile.
float dot_quantized(WeightType type, const std::byte* row, std::span<const Int8Block> x);

}  // namespace reference
}  // namespace lyceum::kernels
