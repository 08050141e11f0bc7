#pragma once

#include "kernels/cpu/row_product.hpp"

/// Which product of rows a weight type takes. Included behind avx2_rows.hpp or avx512_rows.hpp, which have
/// the products of their instruction set.
namespace lyceum::kernels::cpu {
namespace {

struct X86RowDots {
  template <WeightType kType, std::size_t kTokens>
  [[gnu::always_inline]] static void dot_rows(const std::byte* const* rows, const Int8Superblock* const* x,
                                              SuperblockDots<kTokens>& dots) {
    if constexpr (kType == WeightType::q6_k) {
      dot_q6_rows(rows, x, dots);
    } else {
      dot_k_rows<kType == WeightType::q5_k>(rows, x, dots);
    }
  }

  template <WeightType kType, std::size_t kTokens>
  [[gnu::always_inline]] static void dot_rows(const std::byte* const* rows, std::size_t count,
                                              const Int8Block* const* x,
                                              BlockDots<kTokens, kRowBlocks<kType>>& dots) {
    if constexpr (kType == WeightType::q4_0) {
      dot_q4_rows(rows, count, x, dots);
    } else {
      dot_q8_rows(rows, count, x, dots);
    }
  }
};

}  // namespace
}  // namespace lyceum::kernels::cpu
