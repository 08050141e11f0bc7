#include "kernels/int8_blocks.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"

namespace lyceum::kernels::reference {
namespace {

/// Rounds what shares a scale, and returns the scale.
float round_to_int8(std::span<const float> x, std::span<std::int8_t> values) {
  float top = 0.0F;
  for (const float value : x) top = std::max(top, std::fabs(value));
  const float scale = top / 127.0F;
  // A top so small that its inverse overflows would make infinities of zeros.
  const float inverse = scale > 0.0F ? 127.0F / top : 0.0F;
  if (!std::isfinite(inverse)) {
    std::ranges::fill(values, std::int8_t{0});
    return 0.0F;
  }
  for (std::size_t i = 0; i < x.size(); ++i)
    values[i] = static_cast<std::int8_t>(std::clamp(std::nearbyint(x[i] * inverse), -127.0F, 127.0F));
  return scale;
}

std::int32_t products_of(const WeightGroup& weights, std::span<const std::int8_t> values) {
  std::int32_t exact = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    exact += std::int32_t{weights.codes[i]} * std::int32_t{values[i]};
  return exact;
}

}  // namespace

void quantize_int8_blocks(std::span<const float> x, std::span<Int8Block> blocks) {
  LYCEUM_CHECK(x.size() == blocks.size() * kInt8BlockSize);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    Int8Block& block = blocks[b];
    block.scale = round_to_int8(x.subspan(b * kInt8BlockSize, kInt8BlockSize), block.values);
    block.sum = 0;
    for (const std::int8_t value : block.values) block.sum += value;
  }
}

void quantize_int8_superblocks(std::span<const float> x, std::span<Int8Superblock> blocks) {
  LYCEUM_CHECK(x.size() == blocks.size() * kSuperblockSize);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    Int8Superblock& block = blocks[b];
    block.scale = round_to_int8(x.subspan(b * kSuperblockSize, kSuperblockSize), block.values);
    block.half_sums.fill(0);
    block.block_sums.fill(0);
    for (std::size_t i = 0; i < kSuperblockSize; ++i) {
      block.half_sums[i / kInt8HalfSize] += block.values[i];
      block.block_sums[i / kInt8BlockSize] += block.values[i];
    }
  }
}

float dot_quantized(WeightType type, const std::byte* row, std::span<const Int8Block> x) {
  LYCEUM_CHECK(is_quantized(type) && !has_superblocks(type));
  float total = 0.0F;
  for (std::size_t b = 0; b < x.size(); ++b) {
    const WeightGroup weights = weight_group(type, row, b);
    total += static_cast<float>(products_of(weights, x[b].values)) * (weights.factor * x[b].scale);
  }
  return total;
}

float dot_quantized(WeightType type, const std::byte* row, std::span<const Int8Superblock> x) {
  LYCEUM_CHECK(has_superblocks(type));
  const std::size_t size = group_size(type);
  const std::size_t num_groups = kSuperblockSize / size;
  float total = 0.0F;
  for (std::size_t b = 0; b < x.size(); ++b) {
    std::int32_t codes = 0;
    std::int32_t mins = 0;
    WeightGroup weights;
    for (std::size_t group = 0; group < num_groups; ++group) {
      weights = weight_group(type, row, b * num_groups + group);
      codes += weights.scale * products_of(weights, std::span(x[b].values).subspan(group * size, size));
      if (has_mins(type)) mins += weights.min * std::int32_t{x[b].block_sums[group]};
    }
    float term = static_cast<float>(codes) * (weights.factor * x[b].scale);
    if (has_mins(type)) term -= static_cast<float>(mins) * (weights.min_factor * x[b].scale);
    total += term;
  }
  return total;
}

}  // namespace lyceum::kernels::reference
