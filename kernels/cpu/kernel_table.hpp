#pragma once

#include <cstddef>
#include <span>

#include "kernels/attention.hpp"
#include "kernels/cpu/panel.hpp"
#include "kernels/int8_blocks.hpp"
#include "kernels/rope.hpp"
#include "kernels/weight_matrix.hpp"

namespace lyceum::kernels::cpu {

/// Some rows of weights times some tokens: y[t][first_column + i] for row first_row + i.
template <class Activation>
struct RowsProduct {
  WeightMatrix weight{};
  std::size_t first_row = 0;
  std::size_t num_rows = 0;
  std::size_t num_tokens = 0;
  const Activation* const* x = nullptr;  ///< A row a token
  float* const* y = nullptr;             ///< A row a token
  std::size_t first_column = 0;
};

/// Query tokens at most that pass the keys together.
constexpr std::size_t kQueryTile = 16;

/// One key head for up to kQueryTile query tokens over the same pages.
struct AttentionTile {
  std::size_t num_queries = 0;
  std::size_t kv_head = 0;
  const float* queries[kQueryTile]{};  ///< All heads of a token
  float* outs[kQueryTile]{};           ///< Likewise
  std::size_t num_keys[kQueryTile]{};  ///< That each sees
  std::span<const float* const> key_pages{};
  std::span<const float* const> value_pages{};
  float* scratch = nullptr;  ///< kQueryTile * value_dim
};

/// From so many tokens on tile registers pay for the unpacking that they want.
constexpr std::size_t kTokensForTiles = 16;

/// Products by tile registers, for any number of tokens.
struct TileKernels {
  void (*multiply_blocks)(const RowsProduct<Int8Block>& product, PanelScratch& scratch);
  void (*multiply_superblocks)(const RowsProduct<Int8Superblock>& product, PanelScratch& scratch);
};

/// What an instruction set implements, on the calling thread. Every function gives the bits of its reference.
struct KernelTable {
  void (*quantize)(const float* x, std::size_t num_blocks, Int8Block* blocks);
  void (*quantize_superblocks)(const float* x, std::size_t num_blocks, Int8Superblock* blocks);
  void (*multiply_blocks)(const RowsProduct<Int8Block>& product, PanelScratch& scratch);
  void (*multiply_superblocks)(const RowsProduct<Int8Superblock>& product, PanelScratch& scratch);
  void (*multiply_floats)(const RowsProduct<float>& product);
  void (*attention)(const AttentionShape& shape, const AttentionTile& tile);
  void (*rms_norm)(const float* x, std::span<const float> weight, float epsilon, float* y);
  void (*swiglu)(std::span<float> gate, const float* up);
  /// y[i] += share * x[i]
  void (*add_scaled)(std::span<float> y, const float* x, float share);
  /// For kTokensForTiles tokens or more; null where there are none.
  const TileKernels* tiles = nullptr;
};

extern const KernelTable kPortableKernels;
#if defined(__x86_64__)
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512Kernels;
extern const TileKernels kAmxKernels;  ///< Wants AVX-512 besides
#endif

}  // namespace lyceum::kernels::cpu
