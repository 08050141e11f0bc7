#pragma once

#include <cstddef>
#include <cstdint>

namespace lyceum::kernels {

/// Element types of weights, little endian. The quantised ones are the blocks of GGUF, whose layouts stand in
/// model/files/quantized.hpp.
enum class WeightType : std::uint8_t { f32, f16, bf16, q8_0, q4_0, q4_k, q5_k, q6_k };

/// Values in a block and its bytes.
struct WeightBlock {
  std::size_t num_values;
  std::size_t num_bytes;
};

constexpr WeightBlock weight_block(WeightType type) {
  switch (type) {
    case WeightType::f32:
      return {1, 4};
    case WeightType::f16:
    case WeightType::bf16:
      return {1, 2};
    case WeightType::q8_0:
      return {32, 34};
    case WeightType::q4_0:
      return {32, 18};
    case WeightType::q4_k:
      return {256, 144};
    case WeightType::q5_k:
      return {256, 176};
    case WeightType::q6_k:
      return {256, 210};
  }
  return {1, 4};
}

/// Quantised weights are multiplied with activations that are rounded to int8 blocks, the others with f32.
constexpr bool is_quantized(WeightType type) {
  return weight_block(type).num_values > 1;
}

/// A view of a row-major weight matrix, one row an output, as it lies in its file; rows need no alignment.
/// Borrowed.
struct WeightMatrix {
  WeightType type = WeightType::f32;
  std::size_t num_inputs = 0;  ///< A whole number of blocks
  std::size_t num_outputs = 0;
  const std::byte* data = nullptr;

  bool empty() const { return num_outputs == 0; }

  std::size_t row_bytes() const {
    const WeightBlock block = weight_block(type);
    return num_inputs / block.num_values * block.num_bytes;
  }

  const std::byte* row(std::size_t index) const { return data + index * row_bytes(); }

  WeightMatrix rows(std::size_t first, std::size_t count) const {
    return {type, num_inputs, count, row(first)};
  }
};

}  // namespace lyceum::kernels
