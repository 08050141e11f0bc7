#pragma once

#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/unpack.hpp"

/// Products of quantised weights. `Isa::dot4<kSigned>(sums, codes, quad)` adds to every lane the products of
/// its four codes with the four signed bytes of `quad`; the codes are signed if kSigned says so.
namespace lyceum::kernels::cpu {

/// Where a panel stands: its rows and the part of their depth that is unpacked.
struct PanelPlace {
  std::size_t first_row;
  std::size_t num_rows;     ///< 1..kLanes
  std::size_t column;       ///< Of the first row's results
  std::size_t first_value;  ///< A multiple of kPanelDepth
  std::size_t num_values;
};

/// `kPanels` neighbouring panels times `kTokens` tokens, added to what y holds unless the depth begins with
/// them.
template <class Isa, WeightType kType, std::size_t kTokens, std::size_t kPanels>
[[gnu::noinline]] static void multiply_panels(const Panel* panels, const PanelPlace* places,
                                              const Int8Block* const* x, float* const* y) {
  constexpr std::int32_t kOffset = kCodeOffset<Isa, kType>;
  constexpr bool kSigned = kType == WeightType::q8_0 && Isa::kHasSignedCodes;
  constexpr std::size_t kGroups = kInt8BlockSize / group_size(kType);
  constexpr std::size_t kWords = 8 / kGroups;
  Floats totals[kTokens][kPanels];
  const Int8Block* blocks[kTokens];
  for (std::size_t t = 0; t < kTokens; ++t) {
    blocks[t] = x[t] + places[0].first_value / kInt8BlockSize;
    for (std::size_t p = 0; p < kPanels; ++p)
      totals[t][p] =
          places[p].first_value == 0 ? Floats{} : load_front(y[t] + places[p].column, places[p].num_rows);
  }
  for (std::size_t b = 0; b < places[0].num_values / kInt8BlockSize; ++b) {
    for (std::size_t g = 0; g < kGroups; ++g) {
      const std::size_t group = b * kGroups + g;
      Ints exact[kTokens][kPanels];
      // Loops that stay loops would keep the sums in memory.
#pragma GCC unroll 8
      for (std::size_t t = 0; t < kTokens; ++t) {
        const auto& sums = blocks[t][b].sums;
        const std::int32_t sum = kGroups == 1 ? sums[0] + sums[1] : sums[g];
        for (std::size_t p = 0; p < kPanels; ++p) exact[t][p] = kOffset == 0 ? Ints{} : all(-kOffset * sum);
      }
#pragma GCC unroll 8
      for (std::size_t j = 0; j < kWords; ++j) {
        Ints codes[kPanels];
        for (std::size_t p = 0; p < kPanels; ++p) codes[p] = load(panels[p].codes[group * kWords + j]);
#pragma GCC unroll 8
        for (std::size_t t = 0; t < kTokens; ++t) {
          std::int32_t quad = 0;
          std::memcpy(&quad, &blocks[t][b].values[(g * kWords + j) * 4], sizeof(quad));
          for (std::size_t p = 0; p < kPanels; ++p)
            exact[t][p] = Isa::template dot4<kSigned>(exact[t][p], codes[p], quad);
        }
      }
#pragma GCC unroll 8
      for (std::size_t t = 0; t < kTokens; ++t) {
        const Int8Block& block = blocks[t][b];
        for (std::size_t p = 0; p < kPanels; ++p) {
          Floats product = floats_of(exact[t][p]) * (load(panels[p].scales[group]) * block.scale);
          if constexpr (has_mins(kType)) product = product - load(panels[p].mins[b]) * block.scaled_sum;
          totals[t][p] += product;
        }
      }
    }
  }
  for (std::size_t t = 0; t < kTokens; ++t) {
    for (std::size_t p = 0; p < kPanels; ++p)
      store_front(y[t] + places[p].column, totals[t][p], places[p].num_rows);
  }
}

/// All tokens, tile by tile.
template <class Isa, WeightType kType>
static void multiply_tokens(const Panel* panels, const PanelPlace* places, std::size_t num_panels,
                            const RowsProduct<Int8Block>& product) {
  const std::size_t num_tokens = product.num_tokens;
  const Int8Block* const* const x = product.x;
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

/// A few panels at a time in one sweep through memory: a part of their depth is unpacked, all tokens pass it
/// while it is in the first cache, and what stands behind the panels is on its way.
template <class Isa, WeightType kType>
static void multiply_rows(const RowsProduct<Int8Block>& product, PanelScratch& scratch) {
  const WeightMatrix& weight = product.weight;
  constexpr std::size_t kPassRows = Isa::kPanelTile * kLanes;
  static_assert(Isa::kPanelTile <= kPanelsMax);
  for (std::size_t pass = 0; pass < product.num_rows; pass += kPassRows) {
    const std::size_t pass_end = pass + kPassRows < product.num_rows ? pass + kPassRows : product.num_rows;
    Prefetch prefetch{weight.row(product.first_row + pass_end), weight.row(weight.num_outputs)};
    for (std::size_t depth = 0; depth < weight.num_inputs; depth += kPanelDepth) {
      PanelPlace places[kPanelsMax];
      std::size_t num_panels = 0;
      for (std::size_t row = pass; row < pass_end; row += kLanes) {
        PanelPlace& place = places[num_panels];
        place = {product.first_row + row, pass_end - row < kLanes ? pass_end - row : kLanes,
                 product.first_column + row, depth,
                 weight.num_inputs - depth < kPanelDepth ? weight.num_inputs - depth : kPanelDepth};
        unpack_rows<Isa, kType>(weight, place, prefetch, scratch.panels[num_panels++]);
      }
      multiply_tokens<Isa, kType>(scratch.panels, places, num_panels, product);
    }
  }
}

template <class Isa>
static void multiply_quantized(const RowsProduct<Int8Block>& product, PanelScratch& scratch) {
  switch (product.weight.type) {
    case WeightType::q8_0:
      return multiply_rows<Isa, WeightType::q8_0>(product, scratch);
    case WeightType::q4_0:
      return multiply_rows<Isa, WeightType::q4_0>(product, scratch);
    case WeightType::q4_k:
      return multiply_rows<Isa, WeightType::q4_k>(product, scratch);
    case WeightType::q5_k:
      return multiply_rows<Isa, WeightType::q5_k>(product, scratch);
    case WeightType::q6_k:
      return multiply_rows<Isa, WeightType::q6_k>(product, scratch);
    case WeightType::f32:
    case WeightType::f16:
    case WeightType::bf16:
      return;
  }
}

}  // namespace lyceum::kernels::cpu
