#pragma once

#include "kernels/cpu/lanes.hpp"
#include "kernels/cpu/panel.hpp"
#include "kernels/weight_matrix.hpp"

/// From the blocks of a file to a Panel. An instruction set `Isa` gives
///   load_columns<N>(rows, offset, out)  out[j] lane r = the j-th 32-bit word at rows[r] + offset; N = 4 or 8
///   load_halves(rows, offset)           lane r = the 16 bits there, zero-extended
///   floats_of_halves(bits)              lane by lane, of the low 16 bits
///   kHasSignedCodes                     whether codes of Q8_0 stay signed or gain 128
namespace lyceum::kernels::cpu {

/// Asks for memory ahead of its use, a part at every call, so that it is read while other work goes on.
struct Prefetch {
  static constexpr std::size_t kCacheLine = 64;

  const std::byte* next = nullptr;
  const std::byte* end = nullptr;

  void ask(std::size_t num_bytes) {
    for (std::size_t at = 0; at < num_bytes && next < end; at += kCacheLine, next += kCacheLine)
      __builtin_prefetch(next, 0, 2);
  }
};

using RowPointers = const std::byte* const (&)[kLanes];

/// What was added to the weights' values to make the codes of a panel unsigned.
template <class Isa, WeightType kType>
constexpr std::int32_t kCodeOffset = kType == WeightType::q4_0                            ? 8
                                     : kType == WeightType::q6_k                          ? 32
                                     : kType == WeightType::q8_0 && !Isa::kHasSignedCodes ? 128
                                                                                          : 0;

template <class Isa>
[[gnu::always_inline]] inline void unpack_q8_0(RowPointers rows, std::size_t block, Panel& panel) {
  constexpr std::size_t kBytes = 34;
  Ints columns[8];
  Isa::template load_columns<8>(rows, block * kBytes + 2, columns);
  for (std::size_t j = 0; j < 8; ++j) {
    if constexpr (!Isa::kHasSignedCodes) columns[j] ^= all(static_cast<std::int32_t>(0x80808080U));
    store(panel.codes[block % 16 * 8 + j], columns[j]);
  }
  store(panel.factors[block % 16], Isa::floats_of_halves(Isa::load_halves(rows, block * kBytes)));
}

template <class Isa>
[[gnu::always_inline]] inline void unpack_q4_0(RowPointers rows, std::size_t block, Panel& panel) {
  constexpr std::size_t kBytes = 18;
  Ints columns[4];
  Isa::template load_columns<4>(rows, block * kBytes + 2, columns);
  for (std::size_t j = 0; j < 4; ++j) {
    store(panel.codes[block % 16 * 8 + j], columns[j] & 0x0F0F0F0F);
    store(panel.codes[block % 16 * 8 + 4 + j], (columns[j] >> 4) & 0x0F0F0F0F);
  }
  store(panel.factors[block % 16], Isa::floats_of_halves(Isa::load_halves(rows, block * kBytes)));
}

/// Four bytes of every lane as 16-bit pairs: the first two, then the others.
LYCEUM_LANES void store_pairs(std::int32_t (*pairs)[kLanes], Ints bytes) {
  store(pairs[0], (bytes & 0xFF) | ((bytes & 0xFF00) << 8));
  store(pairs[1], ((bytes >> 16) & 0xFF) | ((bytes >> 8) & 0xFF0000));
}

/// Scales and minimums of Q4_K and Q5_K: d and m, then twelve bytes as `group_of_k` of the reference reads
/// them, here four at a time.
template <class Isa>
[[gnu::always_inline]] inline void unpack_k_factors(RowPointers rows, std::size_t offset,
                                                    std::size_t superblock, Panel& panel) {
  Ints head[4];
  Isa::template load_columns<4>(rows, offset, head);
  store(panel.factors[superblock * 2], Isa::floats_of_halves(head[0] & 0xFFFF));
  store(panel.factors[superblock * 2 + 1], Isa::floats_of_halves((head[0] >> 16) & 0xFFFF));
  const Ints low_scales = head[1] & 0x3F3F3F3F;
  const Ints high_scales = (head[3] & 0x0F0F0F0F) | ((head[1] >> 2) & 0x30303030);
  for (std::size_t i = 0; i < 4; ++i) {
    const int shift = static_cast<int>(8 * i);
    store(panel.scales[superblock * 8 + i], (low_scales >> shift) & 63);
    store(panel.scales[superblock * 8 + 4 + i], (high_scales >> shift) & 63);
  }
  store_pairs(panel.mins + superblock * 4, head[2] & 0x3F3F3F3F);
  store_pairs(panel.mins + superblock * 4 + 2, ((head[3] >> 4) & 0x0F0F0F0F) | ((head[2] >> 2) & 0x30303030));
}

template <class Isa, bool kHasFifthBits>
[[gnu::always_inline]] inline void unpack_k(RowPointers rows, std::size_t block, Panel& panel) {
  constexpr std::size_t kBytes = kHasFifthBits ? 176 : 144;
  const std::size_t offset = block * kBytes;
  const std::size_t group = block % 2 * 8;
  unpack_k_factors<Isa>(rows, offset, block % 2, panel);
  Ints fifth[8]{};
  if constexpr (kHasFifthBits) Isa::template load_columns<8>(rows, offset + 16, fifth);
  for (std::size_t pair = 0; pair < 4; ++pair) {
    Ints columns[8];
    Isa::template load_columns<8>(rows, offset + (kHasFifthBits ? 48 : 16) + pair * 32, columns);
    for (std::size_t j = 0; j < 8; ++j) {
      Ints low = columns[j] & 0x0F0F0F0F;
      Ints high = (columns[j] >> 4) & 0x0F0F0F0F;
      if constexpr (kHasFifthBits) {
        const int bit = static_cast<int>(2 * pair);
        low |= ((fifth[j] >> bit) & 0x01010101) << 4;
        high |= ((fifth[j] >> (bit + 1)) & 0x01010101) << 4;
      }
      store(panel.codes[(group + 2 * pair) * 8 + j], low);
      store(panel.codes[(group + 2 * pair + 1) * 8 + j], high);
    }
  }
}

template <class Isa>
[[gnu::always_inline]] inline void unpack_q6_k(RowPointers rows, std::size_t block, Panel& panel) {
  constexpr std::size_t kBytes = 210;
  const std::size_t offset = block * kBytes;
  const std::size_t group = block % 2 * 8;
  Ints scales[4];
  Isa::template load_columns<4>(rows, offset + 192, scales);
  store(panel.factors[block % 2 * 2], Isa::floats_of_halves(Isa::load_halves(rows, offset + 208)));
  for (std::size_t i = 0; i < 16; ++i)
    store(panel.scales[group * 2 + i], (scales[i / 4] << (24 - static_cast<int>(i % 4 * 8))) >> 24);
  for (std::size_t half = 0; half < 2; ++half) {
    Ints high[8];
    Isa::template load_columns<8>(rows, offset + 128 + half * 32, high);
    for (std::size_t side = 0; side < 2; ++side) {
      Ints low[8];
      Isa::template load_columns<8>(rows, offset + half * 64 + side * 32, low);
      const int shift = static_cast<int>(2 * side);
      for (std::size_t j = 0; j < 8; ++j) {
        const std::size_t at = (group + half * 4 + side) * 8 + j;
        store(panel.codes[at], (low[j] & 0x0F0F0F0F) | (((high[j] >> shift) & 0x03030303) << 4));
        store(panel.codes[at + 16],
              ((low[j] >> 4) & 0x0F0F0F0F) | (((high[j] >> (shift + 4)) & 0x03030303) << 4));
      }
    }
  }
}

/// Unpacks `num_values` values from `first_value` on, whole blocks, to where they stand in a panel of
/// kPanelDepth. `prefetch` moves as fast.
template <class Isa, WeightType kType>
[[gnu::always_inline]] inline void unpack(RowPointers rows, std::size_t first_value, std::size_t num_values,
                                          Prefetch& prefetch, Panel& panel) {
  constexpr std::size_t kBlock = weight_block(kType).num_values;
  const std::size_t end = (first_value + num_values) / kBlock;
  for (std::size_t block = first_value / kBlock; block < end; ++block) {
    prefetch.ask(kLanes * weight_block(kType).num_bytes);
    if constexpr (kType == WeightType::q8_0) unpack_q8_0<Isa>(rows, block, panel);
    if constexpr (kType == WeightType::q4_0) unpack_q4_0<Isa>(rows, block, panel);
    if constexpr (kType == WeightType::q4_k) unpack_k<Isa, false>(rows, block, panel);
    if constexpr (kType == WeightType::q5_k) unpack_k<Isa, true>(rows, block, panel);
    if constexpr (kType == WeightType::q6_k) unpack_q6_k<Isa>(rows, block, panel);
  }
}

}  // namespace lyceum::kernels::cpu
