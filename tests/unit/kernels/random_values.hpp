#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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

}  // namespace lyceum::kernels
