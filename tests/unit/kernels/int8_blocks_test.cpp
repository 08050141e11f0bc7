#include "kernels/int8_blocks.hpp"

#include <cmath>
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

TEST(Int8Blocks, SumsABlockExactlyAndBlocksInOrder) {
  Int8Block large{.scale = 1.0F};
  large.values.fill(127);
  Int8Block negative = large;
  negative.values.fill(-127);
  Int8Block small{.scale = 0.001F};
  small.values[0] = 1;
  const Int8Block ones = [] {
    Int8Block block{.scale = 1.0F};
    block.values.fill(1);
    return block;
  }();

  const std::vector<Int8Block> maximal{large};
  EXPECT_EQ(dot_int8_blocks(maximal, maximal), 32.0F * 127.0F * 127.0F);
  // Large terms that cancel before the small one leave it whole.
  const std::vector<Int8Block> a{large, negative, small};
  const std::vector<Int8Block> b{ones, ones, ones};
  EXPECT_EQ(dot_int8_blocks(a, b), 0.001F);
}

}  // namespace
}  // namespace lyceum::kernels::reference
