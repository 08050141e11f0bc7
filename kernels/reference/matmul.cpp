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

void multiply_quantized(std::size_t num_tokens, std::span<const float> x, const WeightMatrix& weight,
                        std::span<float> y) {
  const std::size_t num_blocks = weight.num_inputs / kInt8BlockSize;
  std::vector<Int8Block> blocks(num_tokens * num_blocks);
  quantize_int8_blocks(x, blocks);
  for (std::size_t output = 0; output < weight.num_outputs; ++output) {
    for (std::size_t token = 0; token < num_tokens; ++token)
      y[token * weight.num_outputs + output] = dot_quantized(
          weight.type, weight.row(output), std::span(blocks).subspan(token * num_blocks, num_blocks));
  }
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
    for (std::size_t j = 0; j < size; ++j) {
      const float product = group.scale * static_cast<float>(group.codes[j]);
      values[i + j] = has_mins(weight.type) ? product - group.min : product;
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
