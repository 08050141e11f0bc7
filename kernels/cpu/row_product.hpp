#pragma once

#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/unpack.hpp"

/// Products for a few tokens, whose time is that of reading the weights: rows are taken as they lie in
/// memory, without panels. An instruction set `Isa` gives
///   kFewTokens                        tokens at most, 0 where it has no such products
///   dot_rows<kType>(rows, x, dots)    one superblock of kRowTile rows times one of every token
///   dot_rows<kType>(rows, count, x, dots)  1..kRowBlocks blocks of 32
namespace lyceum::kernels::cpu {

/// Rows whose sums share a register.
constexpr std::size_t kRowTile = 4;

/// Rows that are read side by side. They stand far apart, each at the head of a stream of its own: memory
/// answers eight streams half as fast again as one.
constexpr std::size_t kRowStreams = 8;
static_assert(kRowStreams % kRowTile == 0);

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

/// Neighbouring blocks that are taken together: what fills a register of codes.
template <WeightType kType>
constexpr std::size_t kRowBlocks = kType == WeightType::q4_0 ? 4 : 2;

/// Of kBlocks neighbouring blocks at most.
template <std::size_t kTokens, std::size_t kBlocks>
struct BlockDots {
  RowInts codes[kTokens][kBlocks];
  RowFloats factors[kBlocks];
};

LYCEUM_LANES RowFloats floats_of(RowInts v) {
  return __builtin_convertvector(v, RowFloats);
}

/// How far ahead of its use each stream is asked for.
constexpr std::size_t kPrefetchBytes = 1024;

template <class Isa, WeightType kType, std::size_t kTokens>
LYCEUM_LANES void add_row_tile(const std::byte* const* blocks, std::size_t /*count*/,
                               const Int8Superblock* const* x, RowFloats (&totals)[kTokens]) {
  SuperblockDots<kTokens> dots;
  Isa::template dot_rows<kType>(blocks, x, dots);
  for (std::size_t t = 0; t < kTokens; ++t) {
    const float scale = x[t]->scale;
    RowFloats term = floats_of(dots.codes[t]) * (dots.factor * scale);
    if constexpr (has_mins(kType)) term = term - floats_of(dots.mins[t]) * (dots.min_factor * scale);
    totals[t] += term;
  }
}

template <class Isa, WeightType kType, std::size_t kTokens>
LYCEUM_LANES void add_row_tile(const std::byte* const* blocks, std::size_t count, const Int8Block* const* x,
                               RowFloats (&totals)[kTokens]) {
  BlockDots<kTokens, kRowBlocks<kType>> dots;
  Isa::template dot_rows<kType>(blocks, count, x, dots);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t t = 0; t < kTokens; ++t)
      totals[t] += floats_of(dots.codes[t][i]) * (dots.factors[i] * x[t][i].scale);
  }
}

/// One row of every stream.
template <class Isa, WeightType kType, std::size_t kTokens, class Block>
LYCEUM_LANES void multiply_row_of_streams(const std::byte* const* rows, std::size_t num_blocks,
                                          const Block* const* x, Prefetch* prefetches,
                                          RowFloats (&totals)[kRowStreams / kRowTile][kTokens]) {
  constexpr std::size_t kBytes = weight_block(kType).num_bytes;
  constexpr std::size_t kStep = has_superblocks(kType) ? 1 : kRowBlocks<kType>;
  for (auto& tile : totals) {
    for (RowFloats& total : tile) total = RowFloats{};
  }
  for (std::size_t b = 0; b < num_blocks; b += kStep) {
    const Block* values[kTokens];
    for (std::size_t t = 0; t < kTokens; ++t) values[t] = x[t] + b;
    for (std::size_t first = 0; first < kRowStreams; first += kRowTile) {
      const std::byte* blocks[kRowTile];
      for (std::size_t r = 0; r < kRowTile; ++r) {
        prefetches[first + r].ask(kStep * kBytes);
        blocks[r] = rows[first + r] + b * kBytes;
      }
      const std::size_t count = b + kStep <= num_blocks ? kStep : num_blocks - b;
      add_row_tile<Isa, kType>(blocks, count, values, totals[first / kRowTile]);
    }
  }
}

template <class Isa, WeightType kType, std::size_t kTokens, class Block>
[[gnu::noinline]] static void multiply_streams(const RowsProduct<Block>& product) {
  constexpr WeightBlock kBlock = weight_block(kType);
  const std::size_t num_blocks = product.weight.num_inputs / kBlock.num_values;
  const std::size_t row_bytes = num_blocks * kBlock.num_bytes;
  const std::byte* const first = product.weight.data + product.first_row * row_bytes;
  const std::byte* const end = product.weight.data + product.weight.num_outputs * row_bytes;
  const std::size_t num_rounds = (product.num_rows + kRowStreams - 1) / kRowStreams;
  Prefetch prefetches[kRowStreams];
  for (std::size_t r = 0; r < kRowStreams; ++r) {
    prefetches[r] = {first + r * num_rounds * row_bytes, end};
    prefetches[r].ask(kPrefetchBytes);
  }
  for (std::size_t round = 0; round < num_rounds; ++round) {
    const std::byte* rows[kRowStreams];
    for (std::size_t r = 0; r < kRowStreams; ++r) {
      // A stream that has ended reads the last row again, and what it gives is not stored.
      const std::size_t row = r * num_rounds + round;
      rows[r] = first + (row < product.num_rows ? row : product.num_rows - 1) * row_bytes;
    }
    RowFloats totals[kRowStreams / kRowTile][kTokens];
    multiply_row_of_streams<Isa, kType, kTokens>(rows, num_blocks, product.x, prefetches, totals);
    for (std::size_t r = 0; r < kRowStreams; ++r) {
      const std::size_t row = r * num_rounds + round;
      for (std::size_t t = 0; t < kTokens && row < product.num_rows; ++t)
        product.y[t][product.first_column + row] = totals[r / kRowTile][t][r % kRowTile];
    }
  }
}

/// Tokens at most for which rows are faster than panels. Four bits without minimums are unpacked to panels so
/// cheaply that the sums across a row cost more from the second token on.
template <class Isa, WeightType kType>
constexpr std::size_t kRowTokens = kType == WeightType::q4_0&& Isa::kFewTokens > 1 ? 1 : Isa::kFewTokens;

/// False, and nothing done, where panels are the way.
template <class Isa, WeightType kType, class Block>
static bool multiply_few_tokens(const RowsProduct<Block>& product) {
  constexpr std::size_t kMost = kRowTokens<Isa, kType>;
  static_assert(kMost <= 4);
  if (product.num_tokens > kMost) return false;
  if constexpr (kMost >= 1) {
    if (product.num_tokens == 1) multiply_streams<Isa, kType, 1>(product);
  }
  if constexpr (kMost >= 4) {
    if (product.num_tokens == 2) multiply_streams<Isa, kType, 2>(product);
    if (product.num_tokens == 3) multiply_streams<Isa, kType, 3>(product);
    if (product.num_tokens == 4) multiply_streams<Isa, kType, 4>(product);
  }
  return true;
}

}  // namespace lyceum::kernels::cpu
