#pragma once

#include <immintrin.h>

#include "kernels/cpu/avx512_rows.hpp"
#include "kernels/cpu/unpack.hpp"
#include "kernels/cpu/x86_row_dots.hpp"

/// What the templates of this folder want of AVX-512 F, BW, DQ, VL and VNNI. Included by files that are
/// compiled for them.
namespace lyceum::kernels::cpu {
namespace {

LYCEUM_LANES Ints ints_of(__m512i v) {
  Ints ints;
  std::memcpy(&ints, &v, sizeof(ints));
  return ints;
}

LYCEUM_LANES __m512i bits_of(Ints v) {
  __m512i bits;
  std::memcpy(&bits, &v, sizeof(bits));
  return bits;
}

/// Of each 128-bit part of four registers, the 4 by 4 words transposed.
LYCEUM_LANES void transpose_4(const __m512i* in, __m512i* out) {
  const __m512i a = _mm512_unpacklo_epi32(in[0], in[1]);
  const __m512i b = _mm512_unpackhi_epi32(in[0], in[1]);
  const __m512i c = _mm512_unpacklo_epi32(in[2], in[3]);
  const __m512i d = _mm512_unpackhi_epi32(in[2], in[3]);
  out[0] = _mm512_unpacklo_epi64(a, c);
  out[1] = _mm512_unpackhi_epi64(a, c);
  out[2] = _mm512_unpacklo_epi64(b, d);
  out[3] = _mm512_unpackhi_epi64(b, d);
}

LYCEUM_LANES __m128i load_16(const std::byte* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

LYCEUM_LANES __m256i load_32(const std::byte* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

LYCEUM_LANES void load_columns_4(RowPointers rows, std::size_t offset, Ints* out) {
  __m512i in[4];
  for (std::size_t r = 0; r < 4; ++r) {
    in[r] = _mm512_castsi128_si512(load_16(rows[r] + offset));
    in[r] = _mm512_inserti32x4(in[r], load_16(rows[r + 4] + offset), 1);
    in[r] = _mm512_inserti32x4(in[r], load_16(rows[r + 8] + offset), 2);
    in[r] = _mm512_inserti32x4(in[r], load_16(rows[r + 12] + offset), 3);
  }
  __m512i columns[4];
  transpose_4(in, columns);
  for (std::size_t j = 0; j < 4; ++j) out[j] = ints_of(columns[j]);
}

/// Rows r and r + 8 share a register; parts 0 and 2 hold their first four words, parts 1 and 3 the others.
LYCEUM_LANES void load_columns_8(RowPointers rows, std::size_t offset, Ints* out) {
  __m512i in[8];
  for (std::size_t r = 0; r < 8; ++r)
    in[r] = _mm512_inserti64x4(_mm512_castsi256_si512(load_32(rows[r] + offset)),
                               load_32(rows[r + 8] + offset), 1);
  __m512i parts[8];
  transpose_4(in, parts);
  transpose_4(in + 4, parts + 4);
  const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
  const __m512i second = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
  for (std::size_t j = 0; j < 4; ++j) {
    out[j] = ints_of(_mm512_permutex2var_epi64(parts[j], first, parts[j + 4]));
    out[j + 4] = ints_of(_mm512_permutex2var_epi64(parts[j], second, parts[j + 4]));
  }
}

struct Avx512 : X86RowDots {
  static constexpr bool kHasSignedCodes = false;
  static constexpr std::size_t kTokenTile = 4;
  static constexpr std::size_t kPanelTile = 2;
  static constexpr std::size_t kFloatTile = 4;
  static constexpr std::size_t kFewTokens = 4;

  template <std::size_t kWords>
  [[gnu::always_inline]] static void load_columns(RowPointers rows, std::size_t offset, Ints* out) {
    if constexpr (kWords == 4) {
      load_columns_4(rows, offset, out);
    } else {
      load_columns_8(rows, offset, out);
    }
  }

  [[gnu::always_inline]] static Ints load_halves(RowPointers rows, std::size_t offset) {
    std::uint16_t bits[kLanes];
    for (std::size_t r = 0; r < kLanes; ++r) std::memcpy(&bits[r], rows[r] + offset, sizeof(bits[r]));
    return ints_of(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bits))));
  }

  [[gnu::always_inline]] static Floats floats_of_halves(Ints bits) {
    const __m512 values = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(bits_of(bits)));
    Floats floats;
    std::memcpy(&floats, &values, sizeof(floats));
    return floats;
  }

  template <bool kSigned>
  [[gnu::always_inline]] static Ints dot4(Ints sums, Ints codes, std::int32_t quad) {
    static_assert(!kSigned);
    return ints_of(_mm512_dpbusd_epi32(bits_of(sums), bits_of(codes), _mm512_set1_epi32(quad)));
  }

  [[gnu::always_inline]] static Ints dot2(Ints sums, Ints pairs, std::int32_t pair) {
    return ints_of(_mm512_dpwssd_epi32(bits_of(sums), bits_of(pairs), _mm512_set1_epi32(pair)));
  }
};

}  // namespace
}  // namespace lyceum::kernels::cpu
