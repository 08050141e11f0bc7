#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lyceum::kernels::training {

/// A bfloat16: the upper half of an f32.
using Bf16 = std::uint16_t;

/// All extents of a product are multiples of this; callers pad with zeros.
constexpr std::size_t kGemmTile = 32;

/// How products are computed, slowest first.
enum class GemmPath { scalar, avx2, avx512, avx512_bf16, amx_bf16 };

std::string_view name_of(GemmPath path);
/// True where this processor and its operating system have the instructions.
bool is_available(GemmPath path);
GemmPath best_gemm_path();

struct GemmShape {
  std::size_t rows = 0;     ///< Of the result
  std::size_t columns = 0;  ///< Of the result
  std::size_t depth = 0;    ///< What is summed over
};

/// Matrix products of bf16 operands with f32 sums, over operands packed for the instructions at hand.
///
/// A packed operand [depth, columns] holds panels of 32 columns; a panel holds its depth in blocks of 32, a
/// block two tiles of 16 columns, a tile 16 pairs of depths with 16 columns each: columns * depth values.
/// Sums run in an order that depends on the path alone: the same path gives the same bits, whatever the
/// other rows and columns. Paths agree within depth units of rounding of the sum of absolute products.
/// Any number of threads on results that do not overlap.
class Gemm {
 public:
  /// The path must be available.
  explicit Gemm(GemmPath path);

  GemmPath path() const { return path_; }

  /// C (+)= A B with A [rows, depth] row-major at `stride` (in values) and B packed.
  void multiply(const GemmShape& shape, const Bf16* a, std::size_t stride, const Bf16* packed, float* c,
                std::size_t c_stride, bool accumulates) const;
  /// C (+)= A^T B with both packed along the depth: A [depth, rows], B [depth, columns].
  void multiply_transposed(const GemmShape& shape, const Bf16* packed_a, const Bf16* packed_b, float* c,
                           std::size_t c_stride, bool accumulates) const;

 private:
  using Block = void (*)(const Bf16* a, std::size_t stride, const Bf16* packed, float* c,
                         std::size_t c_stride, std::size_t num_blocks, bool accumulates);
  using TransposedBlock = void (*)(const Bf16* a, const Bf16* b, float* c, std::size_t c_stride,
                                   std::size_t num_blocks, bool accumulates);

  GemmPath path_;
  Block block_;
  TransposedBlock transposed_block_;
};

/// Packs B = W^T for products X W^T: `w` is [columns, depth] row-major.
void pack_transposed(const float* w, std::size_t stride, std::size_t columns, std::size_t depth,
                     Bf16* packed);
void pack_transposed(const Bf16* w, std::size_t stride, std::size_t columns, std::size_t depth, Bf16* packed);
/// Packs B = W for products Y W: `w` is [depth, columns] row-major.
void pack(const float* w, std::size_t stride, std::size_t depth, std::size_t columns, Bf16* packed);
void pack(const Bf16* w, std::size_t stride, std::size_t depth, std::size_t columns, Bf16* packed);

/// Floating-point operations a second of one thread in products whose operands stay in the caches.
double measure_gemm_flops(const Gemm& gemm);

}  // namespace lyceum::kernels::training
