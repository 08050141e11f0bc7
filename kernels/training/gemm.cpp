#include "kernels/training/gemm.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <vector>

#include "base/check.hpp"
#include "kernels/training/bfloat16.hpp"
#include "kernels/training/gemm_blocks.hpp"

namespace lyceum::kernels::training {
namespace {

/// Depths that are summed before the next panel: 32 columns of them stay in the first cache's neighbour.
constexpr std::size_t kDepthStep = 1024;
/// Rows that are passed over a panel before the next one: with kDepthStep they fit the second cache.
constexpr std::size_t kRowStep = 256;

void check_tiles(const GemmShape& shape) {
  LYCEUM_CHECK(shape.rows % kGemmTile == 0 && shape.columns % kGemmTile == 0 && shape.depth % kGemmTile == 0);
}

}  // namespace

std::string_view name_of(GemmPath path) {
  switch (path) {
    case GemmPath::scalar:
      return "scalar";
    case GemmPath::avx2:
      return "avx2";
    case GemmPath::avx512:
      return "avx512";
    case GemmPath::avx512_bf16:
      return "avx512_bf16";
    case GemmPath::amx_bf16:
      return "amx_bf16";
  }
  return "scalar";
}

bool is_available(GemmPath path) {
  switch (path) {
    case GemmPath::scalar:
      return true;
    case GemmPath::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case GemmPath::avx512:
      return __builtin_cpu_supports("x86-64-v4");
    case GemmPath::avx512_bf16:
      return __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512bf16");
    case GemmPath::amx_bf16:
      return amx_is_permitted();
  }
  return false;
}

GemmPath best_gemm_path() {
  for (const GemmPath path : {GemmPath::amx_bf16, GemmPath::avx512_bf16, GemmPath::avx512, GemmPath::avx2}) {
    if (is_available(path)) return path;
  }
  return GemmPath::scalar;
}

Gemm::Gemm(GemmPath path) : path_(path), block_(block_scalar), transposed_block_(transposed_block_scalar) {
  LYCEUM_CHECK(is_available(path));
  switch (path) {
    case GemmPath::scalar:
      break;
    case GemmPath::avx2:
      block_ = block_avx2;
      transposed_block_ = transposed_block_avx2;
      break;
    case GemmPath::avx512:
      block_ = block_avx512;
      transposed_block_ = transposed_block_avx512;
      break;
    case GemmPath::avx512_bf16:
      block_ = block_avx512_bf16;
      transposed_block_ = transposed_block_avx512_bf16;
      break;
    case GemmPath::amx_bf16:
      block_ = block_amx_bf16;
      transposed_block_ = transposed_block_amx_bf16;
      break;
  }
}

void Gemm::multiply(const GemmShape& shape, const Bf16* a, std::size_t stride, const Bf16* packed, float* c,
                    std::size_t c_stride, bool accumulates) const {
  check_tiles(shape);
  for (std::size_t first = 0; first < shape.depth; first += kDepthStep) {
    const std::size_t num_blocks = std::min(kDepthStep, shape.depth - first) / kGemmTile;
    for (std::size_t top = 0; top < shape.rows; top += kRowStep) {
      const std::size_t bottom = std::min(shape.rows, top + kRowStep);
      for (std::size_t column = 0; column < shape.columns; column += kGemmTile) {
        const Bf16* const panel = packed + column * shape.depth + first * kGemmTile;
        for (std::size_t row = top; row < bottom; row += kGemmTile)
          block_(a + row * stride + first, stride, panel, c + row * c_stride + column, c_stride, num_blocks,
                 accumulates || first > 0);
      }
    }
  }
}

void Gemm::multiply_transposed(const GemmShape& shape, const Bf16* packed_a, const Bf16* packed_b, float* c,
                               std::size_t c_stride, bool accumulates) const {
  check_tiles(shape);
  for (std::size_t first = 0; first < shape.depth; first += kDepthStep) {
    const std::size_t num_blocks = std::min(kDepthStep, shape.depth - first) / kGemmTile;
    for (std::size_t row = 0; row < shape.rows; row += kGemmTile) {
      for (std::size_t column = 0; column < shape.columns; column += kGemmTile)
        transposed_block_(packed_a + row * shape.depth + first * kGemmTile,
                          packed_b + column * shape.depth + first * kGemmTile, c + row * c_stride + column,
                          c_stride, num_blocks, accumulates || first > 0);
    }
  }
}

namespace {

[[gnu::always_inline]] inline Bf16 rounded(Bf16 value) {
  return value;
}

[[gnu::always_inline]] inline Bf16 rounded(float value) {
  return bf16_of(value);
}

template <class Value>
[[gnu::always_inline]] inline void pack_transposed_from(const Value* w, std::size_t stride,
                                                        std::size_t columns, std::size_t depth,
                                                        Bf16* packed) {
  for (std::size_t column = 0; column < columns; column += kGemmTile / 2) {
    Bf16* const panel =
        packed + column / kGemmTile * kGemmTile * depth + column % kGemmTile / 16 * kPackedTile;
    for (std::size_t first = 0; first < depth; first += kGemmTile) {
      Bf16* const tile = panel + first * kGemmTile;
      for (std::size_t i = 0; i < 16; ++i) {
        const Value* const source = w + (column + i) * stride + first;
        for (std::size_t pair = 0; pair < 16; ++pair) {
          tile[pair * kPackedPair + 2 * i] = rounded(source[2 * pair]);
          tile[pair * kPackedPair + 2 * i + 1] = rounded(source[2 * pair + 1]);
        }
      }
    }
  }
}

}  // namespace

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void pack_transposed(
    const Bf16* w, std::size_t stride, std::size_t columns, std::size_t depth, Bf16* packed) {
  pack_transposed_from(w, stride, columns, depth, packed);
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void pack_transposed(
    const float* w, std::size_t stride, std::size_t columns, std::size_t depth, Bf16* packed) {
  pack_transposed_from(w, stride, columns, depth, packed);
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void pack(const Bf16* w, std::size_t stride,
                                                                      std::size_t depth, std::size_t columns,
                                                                      Bf16* packed) {
  for (std::size_t column = 0; column < columns; column += kGemmTile / 2) {
    Bf16* const panel =
        packed + column / kGemmTile * kGemmTile * depth + column % kGemmTile / 16 * kPackedTile;
    for (std::size_t k = 0; k < depth; k += 2) {
      const Bf16* const even = w + k * stride + column;
      const Bf16* const odd = even + stride;
      Bf16* const out = panel + k / kGemmTile * kPackedBlock + k % kGemmTile / 2 * kPackedPair;
      // Written as whole pairs, so that the compiler makes one vector of them.
      std::array<std::uint32_t, 16> pairs;
      for (std::size_t i = 0; i < 16; ++i)
        pairs[i] = static_cast<std::uint32_t>(even[i]) | static_cast<std::uint32_t>(odd[i]) << 16U;
      std::memcpy(out, pairs.data(), sizeof(pairs));
    }
  }
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void pack(const float* w, std::size_t stride,
                                                                      std::size_t depth, std::size_t columns,
                                                                      Bf16* packed) {
  for (std::size_t column = 0; column < columns; column += kGemmTile / 2) {
    Bf16* const panel =
        packed + column / kGemmTile * kGemmTile * depth + column % kGemmTile / 16 * kPackedTile;
    for (std::size_t k = 0; k < depth; k += 2) {
      const float* const even = w + k * stride + column;
      const float* const odd = even + stride;
      Bf16* const out = panel + k / kGemmTile * kPackedBlock + k % kGemmTile / 2 * kPackedPair;
      for (std::size_t i = 0; i < 16; ++i) {
        out[2 * i] = bf16_of(even[i]);
        out[2 * i + 1] = bf16_of(odd[i]);
      }
    }
  }
}

double measure_gemm_flops(const Gemm& gemm) {
  constexpr std::size_t kExtent = 256;
  constexpr double kOperations = 2.0 * kExtent * kExtent * kExtent;
  constexpr std::chrono::milliseconds kDuration(50);
  const std::vector<Bf16> ones(kExtent * kExtent, bf16_of(1.0F));
  std::vector<float> result(kExtent * kExtent);
  // The best of several, since other work may share the processor.
  double best = 0.0;
  const auto end = std::chrono::steady_clock::now() + kDuration;
  while (std::chrono::steady_clock::now() < end) {
    const auto start = std::chrono::steady_clock::now();
    gemm.multiply({kExtent, kExtent, kExtent}, ones.data(), kExtent, ones.data(), result.data(), kExtent,
                  false);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, kOperations / seconds.count());
  }
  return best;
}

}  // namespace lyceum::kernels::training
