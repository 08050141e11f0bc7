#include "kernels/matmul.hpp"

#include <cstring>
#include <vector>

#include "base/check.hpp"
#include "kernels/dot.hpp"
#include "kernels/int8_blocks.hpp"
#include "kernels/small_floats.hpp"

namespace lyceum::kernels::reference {
namespace {

float value_at(WeightType type, const std::byte* row, std::size_t index) {
  if (type == WeightType::f32) {
    float value = 0.0F;
    std::memcpy(&value, row + index * sizeof(value), sizeof(value));
    return value;
  }
  std::uint16_t bits = 0;
  std::memcpy(&bits, row + index * sizeof(bits), sizeof(bits));
  return type == WeightType::f16 ? float_of_f16(bits) : float_of_bf16(bits);
}

template <class Block>
void multiply_blocks(std::size_t num_tokens, std::span<const Block> blocks, const WeightMatrix& weight,
                     std::span<float> y) {
  const std::size_t num_blocks = blocks.size() / num_tokens;
  for (std::size_t output = 0; output < weight.num_outputs; ++output) {
    for (std::size_t token = 0; token < num_tokens; ++token)
      y[token * weight.num_outputs + output] =
          dot_quantized(weight.type, weight.row(output), blocks.subspan(token * num_blocks, num_blocks));
  }
}

void multiply_quantized(std::size_t num_tokens, std::span<const float> x, const WeightMatrix& weight,
                        std::span<float> y) {
  if (num_tokens == 0) return;
  if (has_superblocks(weight.type)) {
    std::vector<Int8Superblock> blocks(x.size() / kSuperblockSize);
    quantize_int8_superblocks(x, blocks);
    return multiply_blocks<Int8Superblock>(num_tokens, blocks, weight, y);
  }
  std::vector<Int8Block> blocks(x.size() / kInt8BlockSize);
  quantize_int8_blocks(x, blocks);
  multiply_blocks<Int8Block>(num_tokens, blocks, weight, y);
}

}  // namespace

void widen_row(const WeightMatrix& weight, std::size_t row, std::span<float> values) {
  LYCEUM_CHECK(row < weight.num_outputs && values.size() == weight.num_inputs);
  const std::byte* const bytes = weight.row(row);
  if (!is_quantized(weight.type)) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = value_at(weight.type, bytes, i);
    return;
  }
  const std::size_t size = group_size(weight.type);
  for (std::size_t i = 0; i < values.size(); i += size) {
    const WeightGroup group = weight_group(weight.type, bytes, i / size);
    const float scale = group.factor * static_cast<float>(group.scale);
    const float min = group.min_factor * static_cast<float>(group.min);
    for (std::size_t j = 0; j < size; ++j) {
      const float product = scale * static_cast<float>(group.codes[j]);
      values[i + j] = has_mins(weight.type) ? product - min : product;
    }
  }
}

void matmul(std::size_t num_tokens, std::span<const float> x, const WeightMatrix& weight,
            std::span<float> y) {
  LYCEUM_CHECK(x.size() == num_tokens * weight.num_inputs);
  LYCEUM_CHECK(y.size() == num_tokens * weight.num_outputs);
  if (is_quantized(weight.type)) return multiply_quantized(num_tokens, x, weight, y);
  // Outputs outside: a row of weights is read from memory once for all tokens.
  std::vector<float> row(weight.num_inputs);
  for (std::size_t output = 0; output < weight.num_outputs; ++output) {
    widen_row(weight, output, row);
    for (std::size_t token = 0; token < num_tokens; ++token)
      y[token * weight.num_outputs + output] = dot(x.subspan(token * row.size(), row.size()), row);
  }
}

}  // namespace lyceum::kernels::reference
