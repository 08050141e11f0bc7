#include "model/files/quantized.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace lyceum::model {
namespace {

constexpr std::uint16_t kHalfOne = 0x3C00;
constexpr std::uint16_t kHalfTwo = 0x4000;

class Block {
 public:
  Block& half(std::uint16_t bits) { return byte(bits & 255U).byte(bits >> 8U); }

  Block& byte(unsigned value) {
    bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }

  Block& bytes(std::size_t count, unsigned value) {
    for (std::size_t i = 0; i < count; ++i) byte(value);
    return *this;
  }

  std::byte& at(std::size_t i) { return bytes_.at(i); }

  std::vector<float> values(TensorType type, std::size_t count) const {
    std::vector<float> out(count);
    const auto done = dequantize_row(type, bytes_, out);
    EXPECT_TRUE(done) << done.error().message;
    return out;
  }

 private:
  std::vector<std::byte> bytes_{};
};

TEST(Quantized, ConvertsEveryF16Exactly) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = float_of_f16(static_cast<std::uint16_t>(bits));
    const int exponent = static_cast<int>((bits >> 10U) & 31U);
    const double fraction = static_cast<double>(bits & 1023U) / 1024;
    const double sign = (bits & 0x8000U) != 0 ? -1 : 1;
    if (exponent == 31) {
      EXPECT_TRUE(fraction == 0 ? std::isinf(value) : std::isnan(value)) << bits;
      continue;
    }
    const double expected =
        exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1 + fraction, exponent - 15);
    ASSERT_EQ(static_cast<double>(value), sign * expected) << bits;
    ASSERT_EQ(std::signbit(value), sign < 0) << bits;
  }
}

TEST(Quantized, Bf16IsTheUpperHalfOfF32) {
  EXPECT_EQ(float_of_bf16(0x3F80), 1.0F);
  EXPECT_EQ(float_of_bf16(0xC049), std::bit_cast<float>(0xC0490000U));
}

TEST(Quantized, Q8BlocksAreScaledSignedBytes) {
  Block block;
  block.half(kHalfTwo).byte(0x80).byte(0x7F).byte(0xFF).bytes(29, 3);

  const auto values = block.values(TensorType::q8_0, 32);

  EXPECT_EQ(values[0], -256);
  EXPECT_EQ(values[1], 254);
  EXPECT_EQ(values[2], -2);
  EXPECT_EQ(values[31], 6);
}

TEST(Quantized, Q4BlocksHoldTheUpperHalfInHighNibbles) {
  Block block;
  block.half(kHalfOne).byte(0xF0).bytes(15, 0x98);

  const auto values = block.values(TensorType::q4_0, 32);

  EXPECT_EQ(values[0], -8);
  EXPECT_EQ(values[16], 7);
  EXPECT_EQ(values[1], 0);
  EXPECT_EQ(values[17], 1);
}

/// Pairs 0 to 7 with scale 10 p + 1 and min 7 p (mod 64), packed in 12 bytes.
void add_scales(Block& block) {
  const auto scale = [](unsigned pair) { return (10 * pair + 1) % 64; };
  const auto min = [](unsigned pair) { return 7 * pair; };
  for (unsigned p = 0; p < 4; ++p) block.byte(scale(p) | ((scale(p + 4) >> 4U) << 6U));
  for (unsigned p = 0; p < 4; ++p) block.byte(min(p) | ((min(p + 4) >> 4U) << 6U));
  for (unsigned p = 4; p < 8; ++p) block.byte((scale(p) & 15U) | ((min(p) & 15U) << 4U));
}

TEST(Quantized, Q4KBlocksHaveAScaleAndAMinPer32Values) {
  Block block;
  block.half(kHalfTwo).half(kHalfOne);
  add_scales(block);
  for (unsigned i = 0; i < 128; ++i) block.byte((i % 16) | ((15 - i % 16) << 4U));

  const auto values = block.values(TensorType::q4_k, 256);

  for (unsigned i = 0; i < 256; ++i) {
    const unsigned pair = i / 32;
    const unsigned q = pair % 2 == 0 ? i % 16 : 15 - i % 16;
    const unsigned scale = (10 * pair + 1) % 64;
    ASSERT_EQ(values[i], 2.0F * static_cast<float>(scale * q) - static_cast<float>(7 * pair)) << i;
  }
}

TEST(Quantized, Q5KBlocksTakeAFifthBit) {
  Block block;
  block.half(kHalfTwo).half(kHalfOne);
  add_scales(block);
  for (unsigned i = 0; i < 32; ++i) block.byte(i % 2 == 0 ? 0xAA : 0x55);
  block.bytes(128, 0x21);

  const auto values = block.values(TensorType::q5_k, 256);

  for (unsigned i = 0; i < 256; ++i) {
    const unsigned pair = i / 32;
    const unsigned fifth = (i % 2 == 0) == (pair % 2 == 1) ? 16 : 0;
    const unsigned q = (pair % 2 == 0 ? 1U : 2U) + fifth;
    const unsigned scale = (10 * pair + 1) % 64;
    ASSERT_EQ(values[i], 2.0F * static_cast<float>(scale * q) - static_cast<float>(7 * pair)) << i;
  }
}

TEST(Quantized, Q6KBlocksJoinNibblesAndBitPairsByQuarters) {
  Block block;
  for (unsigned i = 0; i < 128; ++i) block.byte((i % 32 / 2) | ((i / 32 + 4) << 4U));
  block.bytes(64, 0xE4);  // Quarter n has the high bits n.
  for (unsigned i = 0; i < 16; ++i) block.byte(i % 2 == 0 ? i + 1 : 256 - i);
  block.half(kHalfTwo);

  const auto values = block.values(TensorType::q6_k, 256);

  for (unsigned i = 0; i < 256; ++i) {
    const unsigned quarter = i % 128 / 32;
    const unsigned row = i / 128 * 2 + quarter % 2;
    const int low = static_cast<int>(quarter < 2 ? i % 32 / 2 : row + 4);
    const int q = low + 16 * static_cast<int>(quarter) - 32;
    const int scale = i / 16 % 2 == 0 ? static_cast<int>(i / 16 + 1) : -static_cast<int>(i / 16);
    ASSERT_EQ(values[i], static_cast<float>(2 * scale * q)) << i;
  }
}

TEST(Quantized, RowSizesAreCheckedForBlocksAndOverflow) {
  EXPECT_EQ(*row_size_bytes(TensorType::q4_k, 512), 288U);
  EXPECT_EQ(*row_size_bytes(TensorType::bf16, 5), 10U);
  EXPECT_EQ(row_size_bytes(TensorType::q6_k, 100).error().code, Errc::invalid_argument);
  EXPECT_EQ(row_size_bytes(TensorType::f32, 1ULL << 62U).error().code, Errc::too_large);
  EXPECT_EQ(row_size_bytes(static_cast<TensorType>(77), 32).error().message, "type 77 has no known layout");
}

TEST(Quantized, RefusesRowsOfAnotherSizeAndOtherTypes) {
  std::vector<float> values(32);
  const std::vector<std::byte> bytes(33);

  EXPECT_EQ(dequantize_row(TensorType::q8_0, bytes, values).error().code, Errc::invalid_argument);
  EXPECT_EQ(dequantize_row(static_cast<TensorType>(3), bytes, values).error().message,
            "Q4_1 is not supported");
}

}  // namespace
}  // namespace lyceum::model
