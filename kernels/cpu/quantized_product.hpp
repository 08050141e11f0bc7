#pragma once

#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/row_product.hpp"
#include "kernels/cpu/unpack.hpp"

/// Products of quantised weights. An instruction set `Isa` gives, beside what unpack.hpp wants,
///   dot4<kSigned>(sums, codes, quad)  adds to every lane the products of its four codes with the four signed
///                                     bytes of `quad`; the codes are signed if kSigned says so
///   dot2(sums, pairs, pair)           the same with two 16-bit numbers
namespace lyceum::kernels::cpu {

/// Where a panel stands: its rows and the part of their depth that is unpacked.
struct PanelPlace {
  std::size_t first_row;
  std::size_t num_rows;     ///< 1..kLanes
  std::size_t column;       ///< Of the first row's results
  std::size_t first_value;  ///< A multiple of the values that are unpacked at a time
  std::size_t num_values;
};

template <class Number>
LYCEUM_LANES std::int32_t word_at(const Number* at) {
  std::int32_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

/// Adds the products of kWords words of codes from `first` on with the bytes at values[t].
template <class Isa, bool kSigned, std::size_t kWords, std::size_t kTokens, std::size_t kPanels>
LYCEUM_LANES void add_words(const Panel* panels, std::size_t first, const std::int8_t* const* values,
                            Ints (&exact)[kTokens][kPanels]) {
  // Loops that stay loops would keep the sums in memory.
#pragma GCC unroll 8
  for (std::size_t j = 0; j < kWords; ++j) {
    Ints codes[kPanels];
    for (std::size_t p = 0; p < kPanels; ++p) codes[p] = load(panels[p].codes[first + j]);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < kTokens; ++t) {
      const std::int32_t quad = word_at(values[t] + j * 4);
      for (std::size_t p = 0; p < kPanels; ++p)
        exact[t][p] = Isa::template dot4<kSigned>(exact[t][p], codes[p], quad);
    }
  }
}

/// `kPanels` neighbouring panels times `kTokens` tokens, added to `totals`: weights without superblocks.
template <class Isa, WeightType kType, std::size_t kTokens, std::size_t kPanels>
LYCEUM_LANES void add_blocks(const Panel* panels, std::size_t num_values, const Int8Block* const* x,
                             Floats (&totals)[kTokens][kPanels]) {
  constexpr std::int32_t kOffset = kCodeOffset<Isa, kType>;
  constexpr bool kSigned = kType == WeightType::q8_0 && Isa::kHasSignedCodes;
  for (std::size_t b = 0; b < num_values / kInt8BlockSize; ++b) {
    Ints exact[kTokens][kPanels];
    const std::int8_t* values[kTokens];
#pragma GCC unroll 8
    for (std::size_t t = 0; t < kTokens; ++t) {
      values[t] = x[t][b].values.data();
      for (std::size_t p = 0; p < kPanels; ++p)
        exact[t][p] = kOffset == 0 ? Ints{} : all(-kOffset * x[t][b].sum);
    }
    add_words<Isa, kSigned, 8>(panels, b * 8, values, exact);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < kTokens; ++t) {
      for (std::size_t p = 0; p < kPanels; ++p)
        totals[t][p] += floats_of(exact[t][p]) * (load(panels[p].factors[b]) * x[t][b].scale);
    }
  }
}

/// The exact sums of one superblock, scaled by group.
template <class Isa, WeightType kType, std::size_t kTokens, std::size_t kPanels>
LYCEUM_LANES void sum_superblock(const Panel* panels, std::size_t superblock, const Int8Superblock* const* x,
                                 Ints (&sums)[kTokens][kPanels]) {
  constexpr std::size_t kSize = group_size(kType);
  constexpr std::size_t kGroups = kSuperblockSize / kSize;
  constexpr std::int32_t kOffset = kCodeOffset<Isa, kType>;
  static_assert(kOffset == 0 || kSize == kInt8HalfSize);
  for (auto& row : sums) {
    for (Ints& sum : row) sum = Ints{};
  }
  for (std::size_t g = 0; g < kGroups; ++g) {
    Ints exact[kTokens][kPanels]{};
    const std::int8_t* values[kTokens];
#pragma GCC unroll 8
    for (std::size_t t = 0; t < kTokens; ++t) {
      values[t] = &x[t]->values[g * kSize];
      for (std::size_t p = 0; kOffset != 0 && p < kPanels; ++p)
        exact[t][p] = all(-kOffset * x[t]->half_sums[g]);
    }
    add_words<Isa, false, kSize / 4>(panels, superblock * 64 + g * (kSize / 4), values, exact);
    for (std::size_t p = 0; p < kPanels; ++p) {
      const Ints scale = load(panels[p].scales[superblock * kGroups + g]);
#pragma GCC unroll 8
      for (std::size_t t = 0; t < kTokens; ++t) sums[t][p] += exact[t][p] * scale;
    }
  }
}

/// What one superblock adds to a panel's results, `codes` being its exact sums.
template <class Isa, WeightType kType>
LYCEUM_LANES Floats superblock_term(const Panel& panel, std::size_t superblock, const Int8Superblock& x,
                                    Ints codes) {
  const Floats term = floats_of(codes) * (load(panel.factors[2 * superblock]) * x.scale);
  if constexpr (!has_mins(kType)) return term;
  Ints mins{};
#pragma GCC unroll 4
  for (std::size_t j = 0; j < 4; ++j)
    mins = Isa::dot2(mins, load(panel.mins[superblock * 4 + j]), word_at(&x.block_sums[2 * j]));
  return term - floats_of(mins) * (load(panel.factors[2 * superblock + 1]) * x.scale);
}

/// `kPanels` neighbouring panels times `kTokens` tokens, added to `totals`: weights with superblocks.
template <class Isa, WeightType kType, std::size_t kTokens, std::size_t kPanels>
LYCEUM_LANES void add_blocks(const Panel* panels, std::size_t num_values, const Int8Superblock* const* x,
                             Floats (&totals)[kTokens][kPanels]) {
  for (std::size_t s = 0; s < num_values / kSuperblockSize; ++s) {
    const Int8Superblock* blocks[kTokens];
    for (std::size_t t = 0; t < kTokens; ++t) blocks[t] = x[t] + s;
    Ints sums[kTokens][kPanels];
    sum_superblock<Isa, kType>(panels, s, blocks, sums);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < kTokens; ++t) {
      for (std::size_t p = 0; p < kPanels; ++p)
        totals[t][p] += superblock_term<Isa, kType>(panels[p], s, *blocks[t], sums[t][p]);
    }
  }
}

/// A panel's results so far lie in y, unless the depth begins with it.
LYCEUM_LANES Floats results_so_far(const PanelPlace& place, const float* y) {
  return place.first_value == 0 ? Floats{} : load_front(y + place.column, place.num_rows);
}

template <class Isa, WeightType kType, std::size_t kTokens, std::size_t kPanels, class Block>
[[gnu::noinline]] static void multiply_panels(const Panel* panels, const PanelPlace* places,
                                              const Block* const* x, float* const* y) {
  Floats totals[kTokens][kPanels];
  const Block* blocks[kTokens];
  for (std::size_t t = 0; t < kTokens; ++t) {
    blocks[t] = x[t] + places[0].first_value / (has_superblocks(kType) ? kSuperblockSize : kInt8BlockSize);
    for (std::size_t p = 0; p < kPanels; ++p) totals[t][p] = results_so_far(places[p], y[t]);
  }
  add_blocks<Isa, kType>(panels, places[0].num_values, blocks, totals);
  for (std::size_t t = 0; t < kTokens; ++t) {
    for (std::size_t p = 0; p < kPanels; ++p)
      store_front(y[t] + places[p].column, totals[t][p], places[p].num_rows);
  }
}

/// All tokens, tile by tile.
template <class Isa, WeightType kType, class Block>
static void multiply_tokens(const Panel* panels, const PanelPlace* places, std::size_t num_panels,
                            const RowsProduct<Block>& product) {
  const std::size_t num_tokens = product.num_tokens;
  const Block* const* const x = product.x;
  float* const* const y = product.y;
  std::size_t t = 0;
  if (num_panels == Isa::kPanelTile) {
    for (; t + Isa::kTokenTile <= num_tokens; t += Isa::kTokenTile)
      multiply_panels<Isa, kType, Isa::kTokenTile, Isa::kPanelTile>(panels, places, x + t, y + t);
    for (; t < num_tokens; ++t) multiply_panels<Isa, kType, 1, Isa::kPanelTile>(panels, places, x + t, y + t);
    return;
  }
  for (std::size_t p = 0; p < num_panels; ++p) {
    for (t = 0; t < num_tokens; ++t) multiply_panels<Isa, kType, 1, 1>(panels + p, places + p, x + t, y + t);
  }
}

template <class Isa, WeightType kType>
[[gnu::noinline]] static void unpack_rows(const WeightMatrix& weight, const PanelPlace& place,
                                          Prefetch& prefetch, Panel& panel) {
  const std::byte* rows[kLanes];
  // Lanes without a row of their own compute the last one's and are not stored.
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    rows[lane] = weight.row(place.first_row + (lane < place.num_rows ? lane : place.num_rows - 1));
  unpack<Isa, kType>(rows, place.first_value, place.num_values, prefetch, panel);
}

/// kPanels panels at a time in one sweep through memory: kDepth of their values are unpacked, `pass` lets all
/// tokens pass them while they are in the first cache, and what stands behind the panels is on its way.
template <class Isa, WeightType kType, std::size_t kPanels, std::size_t kDepth, class Block>
static void sweep(const RowsProduct<Block>& product, Panel* panels, const auto& pass) {
  static_assert(kPanels <= kPanelsMax && kPanelDepth % kDepth == 0);
  const WeightMatrix& weight = product.weight;
  constexpr std::size_t kRows = kPanels * kLanes;
  for (std::size_t first = 0; first < product.num_rows; first += kRows) {
    const std::size_t end = first + kRows < product.num_rows ? first + kRows : product.num_rows;
    Prefetch prefetch{weight.row(product.first_row + end), weight.row(weight.num_outputs)};
    for (std::size_t depth = 0; depth < weight.num_inputs; depth += kDepth) {
      PanelPlace places[kPanels];
      std::size_t num_panels = 0;
      for (std::size_t row = first; row < end; row += kLanes) {
        PanelPlace& place = places[num_panels];
        place = {product.first_row + row, end - row < kLanes ? end - row : kLanes, product.first_column + row,
                 depth, weight.num_inputs - depth < kDepth ? weight.num_inputs - depth : kDepth};
        unpack_rows<Isa, kType>(weight, place, prefetch, panels[num_panels++]);
      }
      pass(places, num_panels);
    }
  }
}

template <class Isa, WeightType kType, class Block>
static void multiply_rows(const RowsProduct<Block>& product, PanelScratch& scratch) {
  if (multiply_few_tokens<Isa, kType>(product)) return;
  sweep<Isa, kType, Isa::kPanelTile, kPanelDepth>(
      product, scratch.panels, [&](const PanelPlace* places, std::size_t num_panels) {
        multiply_tokens<Isa, kType>(scratch.panels, places, num_panels, product);
      });
}

template <class Isa>
static void multiply_blocks(const RowsProduct<Int8Block>& product, PanelScratch& scratch) {
  if (product.weight.type == WeightType::q8_0) return multiply_rows<Isa, WeightType::q8_0>(product, scratch);
  multiply_rows<Isa, WeightType::q4_0>(product, scratch);
}

template <class Isa>
static void multiply_superblocks(const RowsProduct<Int8Superblock>& product, PanelScratch& scratch) {
  if (product.weight.type == WeightType::q4_k) return multiply_rows<Isa, WeightType::q4_k>(product, scratch);
  if (product.weight.type == WeightType::q5_k) return multiply_rows<Isa, WeightType::q5_k>(product, scratch);
  multiply_rows<Isa, WeightType::q6_k>(product, scratch);
}

}  // namespace lyceum::kernels::cpu
