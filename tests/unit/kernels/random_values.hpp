#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/int8_blocks.hpp"

namespace lyceum::kernels {

/// Values in [-1, 1) from a linear congruential generator: the same on every machine.
inline std::vector<float> random_values(std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  std::uint64_t state = seed;
  for (float& value : values) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    value = static_cast<float>(state >> 40) / 8388608.0F - 1.0F;
  }
  return values;
}

/// A weight matrix that owns its bytes.
struct RandomMatrix {
  std::vector<std::byte> bytes{};
  WeightMatrix view{};
};

/// Any codes, with factors of F16 that are finite and not small: every type's blocks are valid with any bytes
/// but those. F32, F16 and BF16 hold values in [-1, 1).
inline RandomMatrix random_matrix(WeightType type, std::size_t num_inputs, std::size_t num_outputs,
                                  std::uint64_t seed) {
  RandomMatrix matrix;
  matrix.view = {type, num_inputs, num_outputs, nullptr};
  matrix.bytes.resize(num_outputs * matrix.view.row_bytes());
  std::uint64_t state = seed;
  const auto next = [&state] {
    return (state = state * 6364136223846793005ULL + 1442695040888963407ULL) >> 33;
  };
  const auto put_half = [&](std::size_t at) {  // Sign, an exponent of 2^-7 .. 2^0, fraction.
    const std::uint64_t half = (next() & 0x83FFU) | ((8 + next() % 8) << 10U);
    matrix.bytes[at] = static_cast<std::byte>(half & 255U);
    matrix.bytes[at + 1] = static_cast<std::byte>(half >> 8U & 255U);
  };
  for (std::byte& byte : matrix.bytes) byte = static_cast<std::byte>(next() & 255U);
  const WeightBlock block = weight_block(type);
  for (std::size_t at = 0; at < matrix.bytes.size(); at += block.num_bytes) {
    if (type == WeightType::f32) {
      const float value = random_values(1, next())[0];
      std::memcpy(&matrix.bytes[at], &value, sizeof(value));
    } else if (type == WeightType::bf16) {
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(random_values(1, next())[0]);
      std::memcpy(&matrix.bytes[at], reinterpret_cast<const std::byte*>(&bits) + 2, 2);
    } else {
      put_half(type == WeightType::q6_k ? at + 208 : at);
      if (has_mins(type)) put_half(at + 2);
    }
  }
  matrix.view.data = matrix.bytes.data();
  return matrix;
}

}  // namespace lyceum::kernels
