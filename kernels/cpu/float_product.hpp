#pragma once

#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/lanes.hpp"

/// Products of F32, F16 and BF16 weights, in the order of `reference::dot`: a lane takes every sixteenth
/// value of a row.
namespace lyceum::kernels::cpu {

template <class Isa, WeightType kType>
[[gnu::always_inline]] inline Floats load_weights(const std::byte* row, std::size_t first,
                                                  std::size_t count) {
  const std::size_t lanes = count < kLanes ? count : kLanes;
  if constexpr (kType == WeightType::f32) {
    Floats values{};
    if (lanes == kLanes)
      std::memcpy(&values, row + first * 4, sizeof(values));
    else
      std::memcpy(&values, row + first * 4, lanes * 4);
    return values;
  } else {
    using Halves [[gnu::vector_size(32)]] = std::uint16_t;
    Halves bits{};
    if (lanes == kLanes)
      std::memcpy(&bits, row + first * 2, sizeof(bits));
    else
      std::memcpy(&bits, row + first * 2, lanes * 2);
    const Ints wide = __builtin_convertvector(bits, Ints);
    if constexpr (kType == WeightType::f16) return Isa::floats_of_halves(wide);
    const Ints shifted = wide << 16;
    Floats values;
    std::memcpy(&values, &shifted, sizeof(values));
    return values;
  }
}

template <class Isa, WeightType kType, std::size_t kRows, std::size_t kTokens>
[[gnu::always_inline]] inline void multiply_tile(const WeightMatrix& weight, std::size_t first_row,
                                                 std::size_t column, const float* const* x, float* const* y) {
  Floats sums[kRows][kTokens]{};
  const std::byte* rows[kRows];
  for (std::size_t r = 0; r < kRows; ++r) rows[r] = weight.row(first_row + r);
  const auto step = [&](std::size_t i, std::size_t count) __attribute__((always_inline)) {
    Floats values[kTokens];
    for (std::size_t t = 0; t < kTokens; ++t) values[t] = load_front(x[t] + i, count);
    for (std::size_t r = 0; r < kRows; ++r) {
      const Floats weights = load_weights<Isa, kType>(rows[r], i, count);
      for (std::size_t t = 0; t < kTokens; ++t) sums[r][t] += values[t] * weights;
    }
  };
  std::size_t i = 0;
  for (; i + kLanes <= weight.num_inputs; i += kLanes) step(i, kLanes);
  if (i < weight.num_inputs) step(i, weight.num_inputs - i);
  for (std::size_t t = 0; t < kTokens; ++t) {
    for (std::size_t r = 0; r < kRows; ++r) y[t][column + r] = fold(sums[r][t]);
  }
}

/// Tokens that pass all rows together, so that their activations stay in the second cache.
constexpr std::size_t kTokensPerPass = 16;

template <class Isa, WeightType kType>
static void multiply_float_rows(const RowsProduct<float>& product) {
  const WeightMatrix& weight = product.weight;
  for (std::size_t pass = 0; pass < product.num_tokens; pass += kTokensPerPass) {
    const std::size_t end =
        pass + kTokensPerPass < product.num_tokens ? pass + kTokensPerPass : product.num_tokens;
    std::size_t row = 0;
    for (; row + 4 <= product.num_rows; row += 4) {
      std::size_t t = pass;
      for (; t + Isa::kFloatTile <= end; t += Isa::kFloatTile)
        multiply_tile<Isa, kType, 4, Isa::kFloatTile>(
            weight, product.first_row + row, product.first_column + row, product.x + t, product.y + t);
      for (; t < end; ++t)
        multiply_tile<Isa, kType, 4, 1>(weight, product.first_row + row, product.first_column + row,
                                        product.x + t, product.y + t);
    }
    for (; row < product.num_rows; ++row) {
      for (std::size_t t = pass; t < end; ++t)
        multiply_tile<Isa, kType, 1, 1>(weight, product.first_row + row, product.first_column + row,
                                        product.x + t, product.y + t);
    }
  }
}

template <class Isa>
static void multiply_floats(const RowsProduct<float>& product) {
  if (product.weight.type == WeightType::f32) return multiply_float_rows<Isa, WeightType::f32>(product);
  if (product.weight.type == WeightType::f16) return multiply_float_rows<Isa, WeightType::f16>(product);
  return multiply_float_rows<Isa, WeightType::bf16>(product);
}

}  // namespace lyceum::kernels::cpu
