#pragma once

#include "kernels/cpu/quantized_product.hpp"

/// Products of quantised weights by tile registers, for many tokens. A type `Tiles` gives eight registers to
/// the thread that makes one, for as long as it lives:
///   Tiles(depth)                    registers 0 to 3 take sums, 16 rows of 16 words; 4 and 5 tokens, 16 rows
///                                   of `depth` bytes (32 or 64); 6 and 7 weights, a row of 16 words for
///                                   every four of those bytes
///   zero<t>(), load<t>(from, stride), store<t>(to, stride)  rows lie `stride` bytes apart
///   multiply<s, a, b, kIsSigned>()  adds to word (i, j) of s the products of row i of a with the bytes of
///                                   column j of b, which are signed or not; those of a are signed
/// The words of Panel::codes are rows of weights as they stand.
///
/// Every block of 32 is a product of its own, whose sums f32 takes over. Within a superblock, weights times
/// their scales are numbers of 16 bits: the low bytes are one operand, unsigned, the high bytes another,
/// signed. Tiles sum all 256 values of both, and the second sum times 256 plus the first is the exact integer
/// that any order gives.
namespace lyceum::kernels::cpu {

/// Codes of Q8_0 as they are, so that they need no correction.
template <class Isa>
struct WithSignedCodes : Isa {
  static constexpr bool kHasSignedCodes = true;
};

using Halves [[gnu::vector_size(64)]] = std::int16_t;

LYCEUM_LANES Halves halves_of(Ints v) {
  Halves halves;
  std::memcpy(&halves, &v, sizeof(halves));
  return halves;
}

LYCEUM_LANES Ints words_of(Halves v) {
  Ints words;
  std::memcpy(&words, &v, sizeof(words));
  return words;
}

/// Codes times scales of a superblock of a panel, the low bytes to digits[0], the high ones to digits[1].
template <class Isa, WeightType kType>
[[gnu::noinline]] static void split_digits(const Panel& panel, std::size_t superblock,
                                           std::int32_t (*digits)[kTileDepth / 4][kLanes]) {
  static_assert(kTileDepth == kSuperblockSize);
  constexpr std::size_t kWords = kTileDepth / 4;
  constexpr std::size_t kGroupWords = group_size(kType) / 4;
  constexpr auto kOffset = static_cast<std::int16_t>(kCodeOffset<Isa, kType>);
  for (std::size_t word = 0; word < kWords; ++word) {
    const Ints codes = load(panel.codes[superblock * kWords + word]);
    const Ints scale = load(panel.scales[(superblock * kWords + word) / kGroupWords]);
    const Halves scales = halves_of((scale & 0xFFFF) | (scale << 16));
    const Ints even = words_of((halves_of(codes & 0x00FF00FF) - kOffset) * scales);
    const Ints odd = words_of((halves_of((codes >> 8) & 0x00FF00FF) - kOffset) * scales);
    store(digits[0][word], (even & 0x00FF00FF) | ((odd & 0x00FF00FF) << 8));
    store(digits[1][word], ((even >> 8) & 0x00FF00FF) | (odd & ~0x00FF00FF));
  }
}

/// Tokens that pass the panels together, 1 to kTileTokens.
template <class Block>
struct TokenGroup {
  const Block* const* x;
  float* const* y;
  std::size_t num_tokens;

  bool has_two_tiles() const { return num_tokens > kTileTokens / 2; }
};

/// The tokens' values side by side, as a tile wants them; the last token stands for those that lack.
template <class Block>
LYCEUM_LANES void gather_values(const TokenGroup<Block>& group, std::size_t first_block,
                                std::size_t num_blocks, std::int8_t (*values)[kTileDepth]) {
  constexpr std::size_t kBytes = sizeof(Block{}.values);
  for (std::size_t t = 0; t < kTileTokens; ++t) {
    const Block* const row = group.x[t < group.num_tokens ? t : group.num_tokens - 1] + first_block;
    for (std::size_t b = 0; b < num_blocks; ++b) std::memcpy(values[t] + b * kBytes, &row[b].values, kBytes);
  }
}

/// Two tiles of weights, `num_steps` of 64 values deep, times one or two of tokens.
template <bool kFirstIsSigned, class Tiles>
LYCEUM_LANES void multiply_tiles(Tiles& tiles, const std::int8_t* values, bool has_two_tiles,
                                 const std::int32_t* first, const std::int32_t* second, std::size_t num_steps,
                                 std::int32_t (*sums)[kTileTokens][kLanes]) {
  constexpr std::size_t kHalf = kTileTokens / 2;
  constexpr std::size_t kStepBytes = 64;
  constexpr std::size_t kRowBytes = kLanes * sizeof(std::int32_t);
  constexpr std::size_t kTileWords = kLanes * kLanes;
  tiles.template zero<0>();
  tiles.template zero<1>();
  tiles.template zero<2>();
  tiles.template zero<3>();
  for (std::size_t step = 0; step < num_steps; ++step) {
    tiles.template load<4>(values + step * kStepBytes, kTileDepth);
    tiles.template load<6>(first + step * kTileWords, kRowBytes);
    tiles.template multiply<0, 4, 6, kFirstIsSigned>();
    tiles.template load<7>(second + step * kTileWords, kRowBytes);
    tiles.template multiply<1, 4, 7, true>();
    if (has_two_tiles) {
      tiles.template load<5>(values + kHalf * kTileDepth + step * kStepBytes, kTileDepth);
      tiles.template multiply<2, 5, 6, kFirstIsSigned>();
      tiles.template multiply<3, 5, 7, true>();
    }
  }
  tiles.template store<0>(sums[0][0], kRowBytes);
  tiles.template store<1>(sums[1][0], kRowBytes);
  if (has_two_tiles) {
    tiles.template store<2>(sums[0][kHalf], kRowBytes);
    tiles.template store<3>(sums[1][kHalf], kRowBytes);
  }
}

/// One superblock of every panel.
template <class Isa, WeightType kType, class Tiles>
static void multiply_group(Tiles& tiles, const PanelPlace* places, std::size_t num_panels,
                           const TokenGroup<Int8Superblock>& group, PanelScratch& scratch) {
  const std::size_t block = places[0].first_value / kSuperblockSize;
  const std::size_t superblock = block % (kPanelDepth / kSuperblockSize);
  auto& [digits, values, all_sums] = scratch.tiles;
  auto& sums = all_sums[0];
  gather_values(group, block, 1, values);
  for (std::size_t p = 0; p < num_panels; ++p) {
    multiply_tiles<false>(tiles, values[0], group.has_two_tiles(), digits[p][0][0], digits[p][1][0],
                          kTileDepth / 64, sums);
    for (std::size_t t = 0; t < group.num_tokens; ++t) {
      const Ints codes = load(sums[0][t]) + (load(sums[1][t]) << 8);
      const Floats total =
          results_so_far(places[p], group.y[t]) +
          superblock_term<Isa, kType>(scratch.panels[p], superblock, group.x[t][block], codes);
      store_front(group.y[t] + places[p].column, total, places[p].num_rows);
    }
  }
}

/// Up to four blocks of every panel, two panels at a time. Where the second is missing, what its scratch
/// holds is multiplied and not stored.
template <class Isa, WeightType kType, class Tiles>
static void multiply_group(Tiles& tiles, const PanelPlace* places, std::size_t num_panels,
                           const TokenGroup<Int8Block>& group, PanelScratch& scratch) {
  constexpr std::int32_t kOffset = kCodeOffset<Isa, kType>;
  constexpr std::size_t kBlockWords = kInt8BlockSize / 4;
  const std::size_t block = places[0].first_value / kInt8BlockSize;
  const std::size_t in_panel = block % (kPanelDepth / kInt8BlockSize);
  const std::size_t num_blocks = places[0].num_values / kInt8BlockSize;
  const Panel* const panels = scratch.panels;
  auto& [digits, values, sums] = scratch.tiles;
  gather_values(group, block, num_blocks, values);
  for (std::size_t p = 0; p < num_panels; p += 2) {
    for (std::size_t b = 0; b < num_blocks; ++b) {
      const std::size_t word = (in_panel + b) * kBlockWords;
      multiply_tiles<true>(tiles, values[0] + b * kInt8BlockSize, group.has_two_tiles(),
                           panels[p].codes[word], panels[p + 1].codes[word], 1, sums[b]);
    }
    for (std::size_t side = 0; side < 2 && p + side < num_panels; ++side) {
      const PanelPlace& place = places[p + side];
      for (std::size_t t = 0; t < group.num_tokens; ++t) {
        Floats total = results_so_far(place, group.y[t]);
        for (std::size_t b = 0; b < num_blocks; ++b) {
          const Int8Block& x = group.x[t][block + b];
          const Ints exact = load(sums[b][side][t]) - kOffset * x.sum;
          total += floats_of(exact) * (load(panels[p + side].factors[in_panel + b]) * x.scale);
        }
        store_front(group.y[t] + place.column, total, place.num_rows);
      }
    }
  }
}

template <class Isa, WeightType kType, class Tiles, class Block>
static void multiply_rows_by_tiles(const RowsProduct<Block>& product, PanelScratch& scratch) {
  constexpr bool kHasSuperblocks = has_superblocks(kType);
  constexpr std::size_t kDepth = kHasSuperblocks ? kTileDepth : kSumBlocks * kInt8BlockSize;
  Tiles tiles(kHasSuperblocks ? 64 : kInt8BlockSize);
  sweep<Isa, kType, kPanelsMax, kDepth>(
      product, scratch.panels, [&](const PanelPlace* places, std::size_t num_panels) {
        const std::size_t superblock = places[0].first_value % kPanelDepth / kSuperblockSize;
        for (std::size_t p = 0; kHasSuperblocks && p < num_panels; ++p)
          split_digits<Isa, kType>(scratch.panels[p], superblock, scratch.tiles.digits[p]);
        for (std::size_t t = 0; t < product.num_tokens; t += kTileTokens) {
          const std::size_t left = product.num_tokens - t;
          multiply_group<Isa, kType>(
              tiles, places, num_panels,
              TokenGroup<Block>{product.x + t, product.y + t, left < kTileTokens ? left : kTileTokens},
              scratch);
        }
      });
}

template <class Isa, class Tiles>
static void multiply_blocks_by_tiles(const RowsProduct<Int8Block>& product, PanelScratch& scratch) {
  using Signed = WithSignedCodes<Isa>;
  if (product.weight.type == WeightType::q8_0)
    return multiply_rows_by_tiles<Signed, WeightType::q8_0, Tiles>(product, scratch);
  multiply_rows_by_tiles<Signed, WeightType::q4_0, Tiles>(product, scratch);
}

template <class Isa, class Tiles>
static void multiply_superblocks_by_tiles(const RowsProduct<Int8Superblock>& product, PanelScratch& scratch) {
  if (product.weight.type == WeightType::q4_k)
    return multiply_rows_by_tiles<Isa, WeightType::q4_k, Tiles>(product, scratch);
  if (product.weight.type == WeightType::q5_k)
    return multiply_rows_by_tiles<Isa, WeightType::q5_k, Tiles>(product, scratch);
  multiply_rows_by_tiles<Isa, WeightType::q6_k, Tiles>(product, scratch);
}

template <class Isa, class Tiles>
constexpr TileKernels tile_kernels_of() {
  return {.multiply_blocks = multiply_blocks_by_tiles<Isa, Tiles>,
          .multiply_superblocks = multiply_superblocks_by_tiles<Isa, Tiles>};
}

}  // namespace lyceum::kernels::cpu
