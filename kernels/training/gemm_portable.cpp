#include "kernels/training/bfloat16.hpp"
#include "kernels/training/gemm_blocks.hpp"

namespace lyceum::kernels::training {
namespace {

/// Value (row, depth) of an operand that is not packed.
struct RowMajor {
  const Bf16* values;
  std::size_t stride;

  [[gnu::always_inline]] const Bf16* pair(std::size_t row, std::size_t block, std::size_t pair_index) const {
    return values + row * stride + block * kGemmTile + 2 * pair_index;
  }
};

struct Packed {
  const Bf16* values;

  [[gnu::always_inline]] const Bf16* pair(std::size_t row, std::size_t block, std::size_t pair_index) const {
    return values + block * kPackedBlock + row / 16 * kPackedTile + pair_index * kPackedPair + row % 16 * 2;
  }
};

/// One plain body, compiled for three instruction sets.
template <class Operand>
[[gnu::always_inline]] inline void block(const Operand& a, const Bf16* packed, float* c, std::size_t c_stride,
                                         std::size_t num_blocks, bool accumulates) {
// Products and sums may be fused here: paths agree within a bound, not to the bit.
#pragma clang fp contract(fast)
  for (std::size_t row = 0; row < kGemmTile; ++row) {
    float* const out = c + row * c_stride;
    float sums[kGemmTile];
    for (std::size_t i = 0; i < kGemmTile; ++i) sums[i] = accumulates ? out[i] : 0.0F;
    for (std::size_t at = 0; at < num_blocks; ++at) {
      for (std::size_t pair = 0; pair < 16; ++pair) {
        const Bf16* const pair_of_a = a.pair(row, at, pair);
        const float even = f32_of(pair_of_a[0]);
        const float odd = f32_of(pair_of_a[1]);
        const Bf16* const b = packed + at * kPackedBlock + pair * kPackedPair;
        for (std::size_t i = 0; i < 16; ++i)
          sums[i] = sums[i] + even * f32_of(b[2 * i]) + odd * f32_of(b[2 * i + 1]);
        for (std::size_t i = 0; i < 16; ++i)
          sums[16 + i] =
              sums[16 + i] + even * f32_of(b[kPackedTile + 2 * i]) + odd * f32_of(b[kPackedTile + 2 * i + 1]);
      }
    }
    for (std::size_t i = 0; i < kGemmTile; ++i) out[i] = sums[i];
  }
}

}  // namespace

void block_scalar(const Bf16* a, std::size_t stride, const Bf16* packed, float* c, std::size_t c_stride,
                  std::size_t num_blocks, bool accumulates) {
  block(RowMajor{a, stride}, packed, c, c_stride, num_blocks, accumulates);
}

[[gnu::target("avx2,fma")]] void block_avx2(const Bf16* a, std::size_t stride, const Bf16* packed, float* c,
                                            std::size_t c_stride, std::size_t num_blocks, bool accumulates) {
  block(RowMajor{a, stride}, packed, c, c_stride, num_blocks, accumulates);
}

[[gnu::target("arch=x86-64-v4")]] void block_avx512(const Bf16* a, std::size_t stride, const Bf16* packed,
                                                    float* c, std::size_t c_stride, std::size_t num_blocks,
                                                    bool accumulates) {
  block(RowMajor{a, stride}, packed, c, c_stride, num_blocks, accumulates);
}

void transposed_block_scalar(const Bf16* a, const Bf16* b, float* c, std::size_t c_stride,
                             std::size_t num_blocks, bool accumulates) {
  block(Packed{a}, b, c, c_stride, num_blocks, accumulates);
}

[[gnu::target("avx2,fma")]] void transposed_block_avx2(const Bf16* a, const Bf16* b, float* c,
                                                       std::size_t c_stride, std::size_t num_blocks,
                                                       bool accumulates) {
  block(Packed{a}, b, c, c_stride, num_blocks, accumulates);
}

[[gnu::target("arch=x86-64-v4")]] void transposed_block_avx512(const Bf16* a, const Bf16* b, float* c,
                                                               std::size_t c_stride, std::size_t num_blocks,
                                                               bool accumulates) {
  block(Packed{a}, b, c, c_stride, num_blocks, accumulates);
}

}  // namespace lyceum::kernels::training
