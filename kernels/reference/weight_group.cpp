#include <bit>
#include <cstring>

#include "base/check.hpp"
#include "kernels/int8_blocks.hpp"
#include "kernels/small_floats.hpp"

namespace lyceum::kernels::reference {
namespace {

unsigned byte_at(const std::byte* at) {
  return std::to_integer<unsigned>(*at);
}

std::int8_t code_of(unsigned bits, int offset) {
  return static_cast<std::int8_t>(static_cast<int>(bits) - offset);
}

float f16_at(const std::byte* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof(bits));
  return float_of_f16(bits);
}

WeightGroup group_of_q8_0(const std::byte* block) {
  WeightGroup group{.factor = f16_at(block)};
  for (std::size_t i = 0; i < 32; ++i) group.codes[i] = std::bit_cast<std::int8_t>(block[2 + i]);
  return group;
}

WeightGroup group_of_q4_0(const std::byte* block) {
  WeightGroup group{.factor = f16_at(block)};
  for (std::size_t i = 0; i < 16; ++i) {
    const unsigned pair = byte_at(block + 2 + i);
    group.codes[i] = code_of(pair & 15U, 8);
    group.codes[i + 16] = code_of(pair >> 4U, 8);
  }
  return group;
}

/// Q4_K, and with `high_bits` Q5_K.
WeightGroup group_of_k(const std::byte* block, const std::byte* high_bits, const std::byte* nibbles,
                       std::size_t index) {
  const auto at = [block](std::size_t i) { return byte_at(block + 4 + i); };
  unsigned scale = at(index) & 63U;
  unsigned min = at(index + 4) & 63U;
  if (index >= 4) {
    scale = (at(index + 4) & 15U) | ((at(index - 4) >> 6U) << 4U);
    min = (at(index + 4) >> 4U) | ((at(index) >> 6U) << 4U);
  }
  WeightGroup group{.factor = f16_at(block),
                    .scale = static_cast<std::int32_t>(scale),
                    .min_factor = f16_at(block + 2),
                    .min = static_cast<std::int32_t>(min)};
  for (std::size_t i = 0; i < 32; ++i) {
    unsigned bits = (byte_at(nibbles + index / 2 * 32 + i) >> (index % 2 * 4)) & 15U;
    if (high_bits != nullptr) bits |= ((byte_at(high_bits + i) >> index) & 1U) << 4U;
    group.codes[i] = code_of(bits, 0);
  }
  return group;
}

WeightGroup group_of_q6_k(const std::byte* block, std::size_t index) {
  WeightGroup group{.factor = f16_at(block + 208), .scale = std::bit_cast<std::int8_t>(block[192 + index])};
  for (std::size_t i = 0; i < 16; ++i) {
    const std::size_t value = index * 16 + i;
    const std::size_t half = value / 128;
    const std::size_t quarter = value % 128 / 32;
    const std::size_t byte = value % 32;
    const unsigned low =
        (byte_at(block + half * 64 + quarter % 2 * 32 + byte) >> (quarter < 2 ? 0U : 4U)) & 15U;
    const unsigned high = (byte_at(block + 128 + half * 32 + byte) >> (2 * quarter)) & 3U;
    group.codes[i] = code_of(low | (high << 4U), 32);
  }
  return group;
}

}  // namespace

WeightGroup weight_group(WeightType type, const std::byte* row, std::size_t index) {
  const std::size_t groups_per_block = weight_block(type).num_values / group_size(type);
  const std::byte* const block = row + index / groups_per_block * weight_block(type).num_bytes;
  switch (type) {
    case WeightType::q8_0:
      return group_of_q8_0(block);
    case WeightType::q4_0:
      return group_of_q4_0(block);
    case WeightType::q4_k:
      return group_of_k(block, nullptr, block + 16, index % groups_per_block);
    case WeightType::q5_k:
      return group_of_k(block, block + 16, block + 48, index % groups_per_block);
    case WeightType::q6_k:
      return group_of_q6_k(block, index % groups_per_block);
    case WeightType::f32:
    case WeightType::f16:
    case WeightType::bf16:
      break;
  }
  LYCEUM_CHECK(is_quantized(type));
  return {};
}

}  // namespace lyceum::kernels::reference
