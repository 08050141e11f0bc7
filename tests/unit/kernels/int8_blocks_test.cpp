#include "kernels/int8_blocks.hpp"

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/kernels/random_values.hpp"

namespace lyceum::kernels::reference {
namespace {

TEST(Int8Blocks, RoundsWithinHalfAScale) {
  const auto x = random_values(96, 5);
  std::vector<Int8Block> blocks(3);
  quantize_int8_blocks(x, blocks);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Int8Block& block = blocks[i / kInt8BlockSize];
    const float back = block.scale * static_cast<float>(block.values[i % kInt8BlockSize]);
    EXPECT_LE(std::fabs(back - x[i]), block.scale * 0.5001F);
  }
}

TEST(Int8Blocks, RoundsTiesToEvenAndZerosToZero) {
  std::vector<float> x(64, 0.0F);
  x[0] = 127.0F;
  x[1] = 2.5F;
  x[2] = 3.5F;
  x[3] = -2.5F;
  std::vector<Int8Block> blocks(2);
  quantize_int8_blocks(x, blocks);
  EXPECT_EQ(blocks[0].values[0], 127);
  EXPECT_EQ(blocks[0].values[1], 2);
  EXPECT_EQ(blocks[0].values[2], 4);
  EXPECT_EQ(blocks[0].values[3], -2);
  EXPECT_EQ(blocks[1].scale, 0.0F);
  EXPECT_EQ(blocks[1].values[0], 0);
}

TEST(Int8Blocks, TakesValuesTooSmallToInvertForZero) {
  const std::vector<float> x(32, 1e-44F);
  std::vector<Int8Block> blocks(1);
  quantize_int8_blocks(x, blocks);
  EXPECT_EQ(blocks[0].scale, 0.0F);
}

TEST(Int8Blocks, KeepsTheSumOfABlock) {
  const auto x = random_values(32, 6);
  std::vector<Int8Block> blocks(1);
  quantize_int8_blocks(x, blocks);
  const auto& values = blocks[0].values;
  EXPECT_EQ(blocks[0].sum, std::accumulate(values.begin(), values.end(), 0));
}

TEST(Int8Superblocks, ShareAScaleAndKeepTheSumsOfTheirParts) {
  auto x = random_values(512, 7);
  x[300] = 4.0F;
  std::vector<Int8Superblock> blocks(2);
  quantize_int8_superblocks(x, blocks);
  EXPECT_EQ(blocks[1].scale, 4.0F / 127.0F);
  EXPECT_EQ(blocks[1].values[44], 127);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Int8Superblock& block = blocks[i / kSuperblockSize];
    EXPECT_LE(std::fabs(block.scale * static_cast<float>(block.values[i % kSuperblockSize]) - x[i]),
              block.scale * 0.5001F);
  }
  const auto& values = blocks[1].values;
  EXPECT_EQ(blocks[1].half_sums[15], std::accumulate(values.end() - 16, values.end(), 0));
  EXPECT_EQ(blocks[1].block_sums[0], std::accumulate(values.begin(), values.begin() + 32, 0));
}

/// A block of Q8_0 of 32 equal codes.
std::vector<std::byte> q8_0_block(std::uint16_t f16_scale, std::int8_t code) {
  std::vector<std::byte> block(34, static_cast<std::byte>(code));
  block[0] = static_cast<std::byte>(f16_scale & 255U);
  block[1] = static_cast<std::byte>(f16_scale >> 8U);
  return block;
}

constexpr std::uint16_t kOne = 0x3C00;  // As F16.

Int8Block block_of(float scale, std::int8_t value) {
  Int8Block block{.scale = scale};
  block.values.fill(value);
  return block;
}

TEST(DotQuantized, SumsABlockExactlyAndBlocksInOrder) {
  const auto one = q8_0_block(kOne, 127);
  const std::array large{block_of(1.0F, 127)};
  EXPECT_EQ(dot_quantized(WeightType::q8_0, one.data(), large), 32.0F * 127.0F * 127.0F);

  // Large terms that cancel before the small one leave it whole.
  std::vector<std::byte> row;
  const auto ones = q8_0_block(kOne, 1);
  for (int block = 0; block < 3; ++block) row.insert(row.end(), ones.begin(), ones.end());
  Int8Block small{.scale = 0.001F};
  small.values[0] = 1;
  const std::array x{block_of(1.0F, 127), block_of(1.0F, -127), small};
  EXPECT_EQ(dot_quantized(WeightType::q8_0, row.data(), x), 0.001F);
}

}  // namespace
}  // namespace lyceum::kernels::reference
