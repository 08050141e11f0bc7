#pragma once

#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/unpack.hpp"

/// Products for a few tokens, whose time is that of reading the weights: rows are taken as they lie in
/// memory, without panels. An instruction set `Isa` gives
///   kFewTokens                        tokens at most, 0 where it has no such products
///   dot_rows<kType>(rows, x, dots)    one superblock of kRowTile rows times one of every token
///   dot_rows<kType>(rows, count, x, dots)  one or two blocks of 32
namespace lyceum::kernels::cpu {

/// Rows that are read side by side.
constexpr std::size_t kRowTile = 4;

/// One value a row of a tile.
using RowFloats [[gnu::vector_size(16)]] = float;
using RowInts [[gnu::vector_size(16)]] = std::int32_t;

/// The exact sums of a superblock and the factors that belong to them.
template <std::size_t kTokens>
struct SuperblockDots {
  RowInts codes[kTokens];
  RowInts mins[kTokens];
  RowFloats factor;
  RowFloats min_factor;
};

/// Of one block or two neighbours.
template <std::size_t kTokens>
struct BlockDots {
  RowInts codes[kTokens][2];
  RowFloats factors[2];
};

LYCEUM_LANES RowFloats floats_of(RowInts v) {
  return __builtin_convertvector(v, RowFloats);
}

/// How far ahead of its use memory is asked for: it should be as long as memory takes to answer.
constexpr std::size_t kPrefetchBytes = 8192;

template <class Isa, WeightType kType, std::size_t kTokens>
LYCEUM_LANES void add_row_tile(const std::byte* const* rows, std::size_t num_values,
                               const Int8Superblock* const* x, Prefetch& prefetch,
                               RowFloats (&totals)[kTokens]) {
  constexpr std::size_t kBytes = weight_block(kType).num_bytes;
  for (std::size_t s = 0; s < num_values / kSuperblockSize; ++s) {
    prefetch.ask(kRowTile * kBytes);
    const std::byte* blocks[kRowTile];
    for (std::size_t r = 0; r < kRowTile; ++r) blocks[r] = rows[r] + s * kBytes;
    const Int8Superblock* values[kTokens];
    for (std::size_t t = 0; t < kTokens; ++t) values[t] = x[t] + s;
    SuperblockDots<kTokens> dots;
    Isa::template dot_rows<kType>(blocks, values, dots);
    for (std::size_t t = 0; t < kTokens; ++t) {
      const float scale = values[t]->scale;
      RowFloats term = floats_of(dots.codes[t]) * (dots.factor * scale);
      if constexpr (has_mins(kType)) term = term - floats_of(dots.mins[t]) * (dots.min_factor * scale);
      totals[t] += term;
    }
  }
}

template <class Isa, WeightType kType, std::size_t kTokens>
LYCEUM_LANES void add_row_tile(const std::byte* const* rows, std::size_t num_values,
                               const Int8Block* const* x, Prefetch& prefetch, RowFloats (&totals)[kTokens]) {
  constexpr std::size_t kBytes = weight_block(kType).num_bytes;
  const std::size_t num_blocks = num_values / kInt8BlockSize;
  for (std::size_t b = 0; b < num_blocks; b += 2) {
    const std::size_t count = b + 2 <= num_blocks ? 2 : 1;
    prefetch.ask(kRowTile * 2 * kBytes);
    const std::byte* blocks[kRowTile];
    for (std::size_t r = 0; r < kRowTile; ++r) blocks[r] = rows[r] + b * kBytes;
    const Int8Block* values[kTokens];
    for (std::size_t t = 0; t < kTokens; ++t) values[t] = x[t] + b;
    BlockDots<kTokens> dots;
    Isa::template dot_rows<kType>(blocks, count, values, dots);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t t = 0; t < kTokens; ++t)
        totals[t] += floats_of(dots.codes[t][i]) * (dots.factors[i] * values[t][i].scale);
    }
  }
}

template <class Isa, WeightType kType, std::size_t kTokens, class Block>
[[gnu::noinline]] static void multiply_row_tiles(const RowsProduct<Block>& product) {
  constexpr WeightBlock kBlock = weight_block(kType);
  const std::size_t num_values = product.weight.num_inputs;
  const std::size_t row_bytes = num_values / kBlock.num_values * kBlock.num_bytes;
  const std::size_t tile_bytes = kRowTile * row_bytes;
  const std::byte* tile = product.weight.data + product.first_row * row_bytes;
  Prefetch prefetch{tile, product.weight.data + product.weight.num_outputs * row_bytes};
  prefetch.ask(2 * tile_bytes > kPrefetchBytes ? 2 * tile_bytes : kPrefetchBytes);
  for (std::size_t row = 0; row < product.num_rows; row += kRowTile, tile += tile_bytes) {
    const std::size_t count = product.num_rows - row;
    const std::byte* rows[kRowTile];
    // A tile that is not full computes its last row again and does not store it.
    for (std::size_t r = 0; r < kRowTile; ++r) rows[r] = tile + (r < count ? r : count - 1) * row_bytes;
    RowFloats totals[kTokens]{};
    add_row_tile<Isa, kType>(rows, num_values, product.x, prefetch, totals);
    for (std::size_t t = 0; t < kTokens; ++t) {
      float* const to = product.y[t] + product.first_column + row;
      if (count >= kRowTile) {
        std::memcpy(to, &totals[t], sizeof(totals[t]));
      } else {
        for (std::size_t r = 0; r < count; ++r) to[r] = totals[t][r];
      }
    }
  }
}

/// False, and nothing done, where panels are the way.
template <class Isa, WeightType kType, class Block>
static bool multiply_few_tokens(const RowsProduct<Block>& product) {
  if constexpr (Isa::kFewTokens != 0 && kType != WeightType::q4_0) {
    static_assert(Isa::kFewTokens <= 4);
    if (product.num_tokens > Isa::kFewTokens) return false;
    if (product.num_tokens == 1) multiply_row_tiles<Isa, kType, 1>(product);
    if (product.num_tokens == 2) multiply_row_tiles<Isa, kType, 2>(product);
    if (product.num_tokens == 3) multiply_row_tiles<Isa, kType, 3>(product);
    if (product.num_tokens == 4) multiply_row_tiles<Isa, kType, 4>(product);
    return true;
  }
  return false;
}

}  // namespace lyceum::kernels::cpu
