#pragma once

#include "kernels/training/gemm.hpp"

/// The 32 x 32 blocks that products are made of, one pair a path. `num_blocks` counts depths of 32.
namespace lyceum::kernels::training {

constexpr std::size_t kPackedBlock = kGemmTile * kGemmTile;
constexpr std::size_t kPackedTile = kPackedBlock / 2;
constexpr std::size_t kPackedPair = 32;  ///< 16 columns of two depths

void block_scalar(const Bf16* a, std::size_t stride, const Bf16* packed, float* c, std::size_t c_stride,
                  std::size_t num_blocks, bool accumulates);
void block_avx2(const Bf16* a, std::size_t stride, const Bf16* packed, float* c, std::size_t c_stride,
                std::size_t num_blocks, bool accumulates);
void block_avx512(const Bf16* a, std::size_t stride, const Bf16* packed, float* c, std::size_t c_stride,
                  std::size_t num_blocks, bool accumulates);
void block_avx512_bf16(const Bf16* a, std::size_t stride, const Bf16* packed, float* c, std::size_t c_stride,
                       std::size_t num_blocks, bool accumulates);
void block_amx_bf16(const Bf16* a, std::size_t stride, const Bf16* packed, float* c, std::size_t c_stride,
                    std::size_t num_blocks, bool accumulates);

void transposed_block_scalar(const Bf16* a, const Bf16* b, float* c, std::size_t c_stride,
                             std::size_t num_blocks, bool accumulates);
void transposed_block_avx2(const Bf16* a, const Bf16* b, float* c, std::size_t c_stride,
                           std::size_t num_blocks, bool accumulates);
void transposed_block_avx512(const Bf16* a, const Bf16* b, float* c, std::size_t c_stride,
                             std::size_t num_blocks, bool accumulates);
void transposed_block_avx512_bf16(const Bf16* a, const Bf16* b, float* c, std::size_t c_stride,
                                  std::size_t num_blocks, bool accumulates);
void transposed_block_amx_bf16(const Bf16* a, const Bf16* b, float* c, std::size_t c_stride,
                               std::size_t num_blocks, bool accumulates);

/// Whether tile registers with products of bf16 may be used.
bool amx_is_permitted();

}  // namespace lyceum::kernels::training
