#include "kernels/int8_blocks.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"

namespace lyceum::kernels::reference {

void quantize_int8_blocks(std::span<const float> x, std::span<Int8Block> blocks) {
  LYCEUM_CHECK(x.size() == blocks.size() * kInt8BlockSize);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const auto values = x.subspan(b * kInt8BlockSize, kInt8BlockSize);
    float top = 0.0F;
    for (const float value : values) top = std::max(top, std::fabs(value));
    Int8Block& block = blocks[b];
    block = {.scale = top / 127.0F};
    // A top so small that its inverse overflows would make infinities of zeros.
    const float inverse = block.scale > 0.0F ? 127.0F / top : 0.0F;
    if (!std::isfinite(inverse)) {
      block.scale = 0.0F;
      continue;
    }
    for (std::size_t i = 0; i < kInt8BlockSize; ++i) {
      const float rounded = std::clamp(std::nearbyint(values[i] * inverse), -127.0F, 127.0F);
      block.values[i] = static_cast<std::int8_t>(rounded);
      block.sums[i / kInt8HalfSize] += block.values[i];
    }
    block.scaled_sum = block.scale * static_cast<float>(block.sums[0] + block.sums[1]);
  }
}

float dot_quantized(WeightType type, const std::byte* row, std::span<const Int8Block> x) {
  const std::size_t size = group_size(type);
  const std::size_t groups_per_block = kInt8BlockSize / size;
  float total = 0.0F;
  for (std::size_t group = 0; group < x.size() * groups_per_block; ++group) {
    const WeightGroup weights = weight_group(type, row, group);
    const Int8Block& block = x[group / groups_per_block];
    const std::int8_t* const values = block.values.data() + group % groups_per_block * size;
    std::int32_t exact = 0;
    for (std::size_t i = 0; i < size; ++i) exact += std::int32_t{weights.codes[i]} * std::int32_t{values[i]};
    const float product = static_cast<float>(exact) * (weights.scale * block.scale);
    total += has_mins(type) ? product - weights.min * block.scaled_sum : product;
  }
  return total;
}

}  // namespace lyceum::kernels::reference
