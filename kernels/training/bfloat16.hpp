#pragma once

#include <bit>
#include <cstdint>

namespace lyceum::kernels::training {

/// Nearest bfloat16, ties to even; finite values only.
[[gnu::always_inline]] inline std::uint16_t bf16_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

[[gnu::always_inline]] inline float f32_of(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16U);
}

}  // namespace lyceum::kernels::training
