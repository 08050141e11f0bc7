#include <cstring>

#include <immintrin.h>

#include "kernels/training/gemm_blocks.hpp"

namespace lyceum::kernels::training {
namespace {

/// Rows whose sums are in registers: 8 x 2 of 16 f32, beside two of B and one of A.
constexpr std::size_t kRows = 8;

[[gnu::target("avx512f,avx512bf16"), gnu::always_inline]] inline __m512bh load(const Bf16* values) {
  return __builtin_bit_cast(__m512bh, _mm512_loadu_si512(values));
}

/// One pair of depths of a row of A, in every lane.
[[gnu::target("avx512f,avx512bf16"), gnu::always_inline]] inline __m512bh broadcast(const Bf16* pair) {
  int bits = 0;
  std::memcpy(&bits, pair, sizeof(bits));
  return __builtin_bit_cast(__m512bh, _mm512_set1_epi32(bits));
}

/// A's pair p of row r in block b lies at a + b * block_step + p * pair_step + r * row_step.
struct Steps {
  std::size_t row;
  std::size_t pair;
  std::size_t block;
};

[[gnu::target("avx512f,avx512bf16"), gnu::always_inline]] inline void eight_rows(
    const Bf16* a, const Steps& steps, const Bf16* packed, float* c, std::size_t c_stride,
    std::size_t num_blocks, bool accumulates) {
  __m512 left[kRows];
  __m512 right[kRows];
  for (std::size_t row = 0; row < kRows; ++row) {
    left[row] = accumulates ? _mm512_loadu_ps(c + row * c_stride) : _mm512_setzero_ps();
    right[row] = accumulates ? _mm512_loadu_ps(c + row * c_stride + 16) : _mm512_setzero_ps();
  }
  for (std::size_t block = 0; block < num_blocks; ++block) {
    const Bf16* values = a + block * steps.block;
    const Bf16* b = packed + block * kPackedBlock;
    for (std::size_t pair = 0; pair < 16; ++pair, values += steps.pair, b += kPackedPair) {
      const __m512bh b_left = load(b);
      const __m512bh b_right = load(b + kPackedTile);
#pragma unroll
      for (std::size_t row = 0; row < kRows; ++row) {
        const __m512bh value = broadcast(values + row * steps.row);
        left[row] = _mm512_dpbf16_ps(left[row], value, b_left);
        right[row] = _mm512_dpbf16_ps(right[row], value, b_right);
      }
    }
  }
  for (std::size_t row = 0; row < kRows; ++row) {
    _mm512_storeu_ps(c + row * c_stride, left[row]);
    _mm512_storeu_ps(c + row * c_stride + 16, right[row]);
  }
}

}  // namespace

[[gnu::target("avx512f,avx512bf16")]] void block_avx512_bf16(const Bf16* a, std::size_t stride,
                                                             const Bf16* packed, float* c,
                                                             std::size_t c_stride, std::size_t num_blocks,
                                                             bool accumulates) {
  for (std::size_t row = 0; row < kGemmTile; row += kRows)
    eight_rows(a + row * stride, {stride, 2, kGemmTile}, packed, c + row * c_stride, c_stride, num_blocks,
               accumulates);
}

[[gnu::target("avx512f,avx512bf16")]] void transposed_block_avx512_bf16(const Bf16* a, const Bf16* b,
                                                                        float* c, std::size_t c_stride,
                                                                        std::size_t num_blocks,
                                                                        bool accumulates) {
  for (std::size_t row = 0; row < kGemmTile; row += kRows)
    eight_rows(a + row / 16 * kPackedTile + row % 16 * 2, {2, kPackedPair, kPackedBlock}, b,
               c + row * c_stride, c_stride, num_blocks, accumulates);
}

}  // namespace lyceum::kernels::training
