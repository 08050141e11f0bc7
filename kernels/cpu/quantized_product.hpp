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

/// One panel times `kTokens` tokens, added to what y holds unless the depth begins with it.
template <class Isa, WeightType kType, std::size_t kTokens>
[[gnu::always_inline]] inline void multiply_panel(const Panel& panel, const PanelPlace& place,
                                                  const Int8Block* const* x, float* const* y) {
  constexpr std::int32_t kOffset = kCodeOffset<Isa, kType>;
  constexpr bool kSigned = kType == WeightType::q8_0 && Isa::kHasSignedCodes;
  constexpr std::size_t kGroups = kInt8BlockSize / group_size(kType);
  constexpr std::size_t kWords = 8 / kGroups;
  Floats totals[kTokens];
  for (std::size_t t = 0; t < kTokens; ++t)
    totals[t] = place.first_value == 0 ? Floats{} : load_front(y[t] + place.column, place.num_rows);
  const Int8Block* blocks[kTokens];
  for (std::size_t t = 0; t < kTokens; ++t) blocks[t] = x[t] + place.first_value / kInt8BlockSize;
  for (std::size_t b = 0; b < place.num_values / kInt8BlockSize; ++b) {
    for (std::size_t g = 0; g < kGroups; ++g) {
      const std::size_t group = b * kGroups + g;
      Ints codes[kWords];
      for (std::size_t j = 0; j < kWords; ++j) codes[j] = load(panel.codes[group * kWords + j]);
      const Floats scales = load(panel.scales[group]);
      for (std::size_t t = 0; t < kTokens; ++t) {
        const Int8Block& block = blocks[t][b];
        const std::int32_t sum = kGroups == 1 ? block.sums[0] + block.sums[1] : block.sums[g];
        Ints exact = kOffset == 0 ? Ints{} : all(-kOffset * sum);
        for (std::size_t j = 0; j < kWords; ++j) {
          std::int32_t quad = 0;
          std::memcpy(&quad, &block.values[(g * kWords + j) * 4], sizeof(quad));
          exact = Isa::template dot4<kSigned>(exact, codes[j], quad);
        }
        Floats product = floats_of(exact) * (scales * block.scale);
        if constexpr (has_mins(kType)) product = product - load(panel.mins[b]) * block.scaled_sum;
        totals[t] += product;
      }
    }
  }
  for (std::size_t t = 0; t < kTokens; ++t) store_front(y[t] + place.column, totals[t], place.num_rows);
}

template <class Isa, WeightType kType>
[[gnu::noinline]] static void multiply_tokens(const Panel& panel, const PanelPlace& place,
                                              std::size_t num_tokens, const Int8Block* const* x,
                                              float* const* y) {
  std::size_t t = 0;
  for (; t + Isa::kTokenTile <= num_tokens; t += Isa::kTokenTile)
    multiply_panel<Isa, kType, Isa::kTokenTile>(panel, place, x + t, y + t);
  for (; t + 2 <= num_tokens; t += 2) multiply_panel<Isa, kType, 2>(panel, place, x + t, y + t);
  if (t < num_tokens) multiply_panel<Isa, kType, 1>(panel, place, x + t, y + t);
}

/// Asks for what stands one panel behind `place`, spread over the panel's depth, so that memory is read while
/// this panel is computed.
LYCEUM_LANES void prefetch_next_panel(const WeightMatrix& weight, const PanelPlace& place) {
  constexpr std::size_t kCacheLine = 64;
  const std::size_t first_row = place.first_row + kLanes;
  if (first_row >= weight.num_outputs) return;
  const std::size_t num_rows =
      weight.num_outputs - first_row < kLanes ? weight.num_outputs - first_row : kLanes;
  const std::size_t size = num_rows * weight.row_bytes();
  const std::size_t end = size * (place.first_value + place.num_values) / weight.num_inputs;
  const std::byte* const rows = weight.row(first_row);
  for (std::size_t at = size * place.first_value / weight.num_inputs; at < end; at += kCacheLine)
    __builtin_prefetch(rows + at, 0, 2);
}

template <class Isa, WeightType kType>
[[gnu::noinline]] static void unpack_rows(const WeightMatrix& weight, const PanelPlace& place, Panel& panel) {
  const std::byte* rows[kLanes];
  // Lanes without a row of their own compute the last one's and are not stored.
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    rows[lane] = weight.row(place.first_row + (lane < place.num_rows ? lane : place.num_rows - 1));
  unpack<Isa, kType>(rows, place.first_value, place.num_values, panel);
}

/// Few tokens: a panel at a time in one sweep through memory. Many: several panels are unpacked, then the
/// tokens pass them tile by tile.
template <class Isa, WeightType kType>
static void multiply_rows(const RowsProduct<Int8Block>& product, PanelScratch& scratch) {
  const WeightMatrix& weight = product.weight;
  const bool has_few_tokens = product.num_tokens <= Isa::kTokenTile;
  const std::size_t pass_rows = has_few_tokens ? kLanes : kPanelsPerPass * kLanes;
  for (std::size_t pass = 0; pass < product.num_rows; pass += pass_rows) {
    const std::size_t pass_end = pass + pass_rows < product.num_rows ? pass + pass_rows : product.num_rows;
    for (std::size_t depth = 0; depth < weight.num_inputs; depth += kPanelDepth) {
      PanelPlace places[kPanelsPerPass];
      std::size_t num_panels = 0;
      for (std::size_t row = pass; row < pass_end; row += kLanes) {
        PanelPlace& place = places[num_panels];
        place = {product.first_row + row, pass_end - row < kLanes ? pass_end - row : kLanes,
                 product.first_column + row, depth,
                 weight.num_inputs - depth < kPanelDepth ? weight.num_inputs - depth : kPanelDepth};
        if (has_few_tokens) prefetch_next_panel(weight, place);
        unpack_rows<Isa, kType>(weight, place, scratch.panels[num_panels++]);
      }
      for (std::size_t t = 0; t < product.num_tokens; t += Isa::kTokenTile) {
        const std::size_t left = product.num_tokens - t;
        for (std::size_t p = 0; p < num_panels; ++p)
          multiply_tokens<Isa, kType>(scratch.panels[p], places[p],
                                      left < Isa::kTokenTile ? left : Isa::kTokenTile, product.x + t,
                                      product.y + t);
      }
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
