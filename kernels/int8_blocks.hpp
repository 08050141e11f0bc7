#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lyceum::kernels {

constexpr std::size_t kInt8BlockSize = 32;

/// 32 neighbours of a row that share a scale: value[i] = scale * values[i].
struct Int8Block {
  float scale = 0.0F;
  std::array<std::int8_t, kInt8BlockSize> values{};  ///< -127..127
};

namespace reference {

/// Rounds activations to blocks. x.size() = 32 * blocks.size(), finite.
///
/// Order: top = max |x[i]| of the block; scale = top / 127; values[i] = x[i] * (127 / top) rounded to the
/// nearest integer, ties to even. A block of zeros has scale 0. Error below scale / 2 a value.
void quantize_int8_blocks(std::span<const float> x, std::span<Int8Block> blocks);

/// Dot product of two rows of blocks of equal length.
///
/// Order: the products of a block are summed exactly in 32-bit integers (at most 32 * 127 * 127); the sum is
/// converted to f32 and multiplied by (a.scale * b.scale) rounded to f32; one accumulator adds the blocks in
/// rising order. A kernel that keeps one output a lane has this order whatever its tile.
float dot_int8_blocks(std::span<const Int8Block> a, std::span<const Int8Block> b);

}  // namespace reference
}  // namespace lyceum::kernels
