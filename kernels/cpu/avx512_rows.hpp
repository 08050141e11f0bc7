#pragma once

#include "kernels/cpu/x86_rows.hpp"

/// Part of avx512_isa.hpp: four rows of weights times a few tokens, from the bytes of the file.
///
/// A row keeps its products in sixteen lanes, 64 values at a time: pairs of bytes are multiplied to 16 bits
/// (63 * 127 * 2 fits), pairs of those with their group's scale to 32 bits. Four rows are folded to one
/// register.
namespace lyceum::kernels::cpu {
namespace {

LYCEUM_LANES __m512i load_64(const void* from) {
  return _mm512_loadu_si512(from);
}

LYCEUM_LANES __m512i load_halves_of(const void* low, const void* high) {
  const __m256i first = _mm256_loadu_si256(static_cast<const __m256i*>(low));
  return _mm512_inserti64x4(_mm512_castsi256_si512(first),
                            _mm256_loadu_si256(static_cast<const __m256i*>(high)), 1);
}

/// _mm512_dpwssd_epi32, which the compiler would take apart into a product and a sum.
LYCEUM_LANES __m512i add_scaled_pairs(__m512i sums, __m512i pairs, __m512i scales) {
  asm("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(pairs), "v"(scales));
  return sums;
}

/// In each 128-bit part: the sums of that part of the four registers.
LYCEUM_LANES __m512i fold_parts(const __m512i (&rows)[kRowTile]) {
  const __m512i a =
      _mm512_add_epi32(_mm512_unpacklo_epi32(rows[0], rows[1]), _mm512_unpackhi_epi32(rows[0], rows[1]));
  const __m512i b =
      _mm512_add_epi32(_mm512_unpacklo_epi32(rows[2], rows[3]), _mm512_unpackhi_epi32(rows[2], rows[3]));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

LYCEUM_LANES RowInts fold_rows(const __m512i (&rows)[kRowTile]) {
  const __m512i parts = fold_parts(rows);
  const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(parts), _mm512_extracti64x4_epi64(parts, 1));
  return row_ints_of(_mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1)));
}

/// The activations in the order in which a superblock of Q4_K gives its values: from 64 bytes the low halves
/// of all, then the high ones.
LYCEUM_LANES void load_k_values(const Int8Superblock& x, __m512i (&values)[4]) {
  const std::int8_t* const from = x.values.data();
  values[0] = load_halves_of(from, from + 64);
  values[1] = load_halves_of(from + 32, from + 96);
  values[2] = load_halves_of(from + 128, from + 192);
  values[3] = load_halves_of(from + 160, from + 224);
}

/// d, m and twelve bytes of a row in each 128-bit part become its eight scales and then its eight minimums.
LYCEUM_LANES __m512i unpack_k_scales(__m512i heads) {
  const __m512i shifted =
      _mm512_srlv_epi32(_mm512_shuffle_epi32(heads, static_cast<_MM_PERM_ENUM>(0b11'10'11'01)),
                        _mm512_setr_epi32(0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4));
  // Words now: the scales' first, third, the minimums' second, third.
  const __m512i low_mask =
      _mm512_broadcast_i32x4(_mm_setr_epi32(0x3F3F3F3F, 0x0F0F0F0F, 0x3F3F3F3F, 0x0F0F0F0F));
  const __m512i high =
      _mm512_srli_epi32(_mm512_shuffle_epi32(heads, static_cast<_MM_PERM_ENUM>(0b10'10'01'01)), 2);
  const __m512i high_mask = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0x30303030, 0, 0x30303030));
  return _mm512_or_si512(_mm512_and_si512(shifted, low_mask), _mm512_and_si512(high, high_mask));
}

/// For each of four registers of codes, the indices that spread its two groups' scales over 16-bit lanes.
LYCEUM_LANES __m512i spread_of(int low_group, int high_group) {
  const __m256i low = _mm256_set1_epi16(static_cast<std::int16_t>(0x8000 | low_group));
  const __m256i high = _mm256_set1_epi16(static_cast<std::int16_t>(0x8000 | high_group));
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/// Bit `low` of every byte of the low half and bit `high` of the high half, as the fifth bit.
template <int kLow, int kHigh>
LYCEUM_LANES __m512i fifth_bits(__m512i bits, __m512i codes) {
  const auto counts = [](int low, int high) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_set1_epi16(static_cast<std::int16_t>(low))),
                              _mm256_set1_epi16(static_cast<std::int16_t>(high)), 1);
  };
  const __m512i moved = kLow < 4 ? _mm512_sllv_epi16(bits, counts(4 - kLow, 4 - kHigh))
                                 : _mm512_srlv_epi16(bits, counts(kLow - 4, kHigh - 4));
  return _mm512_ternarylogic_epi32(codes, moved, _mm512_set1_epi8(0x10), 0xF8);
}

template <bool kHasFifthBits>
LYCEUM_LANES void unpack_k_codes(const std::byte* block, __m512i (&codes)[4]) {
  const __m512i mask = _mm512_set1_epi8(0x0F);
  for (std::size_t half = 0; half < 2; ++half) {
    const __m512i bytes = load_64(block + (kHasFifthBits ? 48 : 16) + half * 64);
    codes[half * 2] = _mm512_and_si512(bytes, mask);
    codes[half * 2 + 1] = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), mask);
  }
  if constexpr (kHasFifthBits) {
    const __m512i bits =
        _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 16)));
    codes[0] = fifth_bits<0, 2>(bits, codes[0]);
    codes[1] = fifth_bits<1, 3>(bits, codes[1]);
    codes[2] = fifth_bits<4, 6>(bits, codes[2]);
    codes[3] = fifth_bits<5, 7>(bits, codes[3]);
  }
}

/// The minimums of four rows, one row a 128-bit part, times the sums of the blocks of 32.
LYCEUM_LANES RowInts sum_mins(__m512i scales, const Int8Superblock& x) {
  const __m512i mins = _mm512_unpackhi_epi8(scales, _mm512_setzero_si512());
  const __m128i sums = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x.block_sums.data()));
  __m512i products = _mm512_madd_epi16(mins, _mm512_broadcast_i32x4(sums));
  products =
      _mm512_add_epi32(products, _mm512_shuffle_epi32(products, static_cast<_MM_PERM_ENUM>(0b01'00'11'10)));
  products =
      _mm512_add_epi32(products, _mm512_shuffle_epi32(products, static_cast<_MM_PERM_ENUM>(0b10'11'00'01)));
  const __m512i heads = _mm512_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
  return row_ints_of(_mm512_castsi512_si128(_mm512_permutexvar_epi32(heads, products)));
}

template <bool kHasFifthBits, std::size_t kTokens>
LYCEUM_LANES void dot_k_rows(const std::byte* const* rows, const Int8Superblock* const* x,
                             SuperblockDots<kTokens>& dots) {
  const auto head = [&](std::size_t r) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[r])); };
  __m512i heads = _mm512_castsi128_si512(head(0));
  heads = _mm512_inserti32x4(heads, head(1), 1);
  heads = _mm512_inserti32x4(heads, head(2), 2);
  heads = _mm512_inserti32x4(heads, head(3), 3);
  const __m512i scales = unpack_k_scales(heads);
  dots.factor = factors_at(rows, 0);
  dots.min_factor = factors_at(rows, 2);
  __m512i values[kTokens][4];
  for (std::size_t t = 0; t < kTokens; ++t) {
    dots.mins[t] = sum_mins(scales, *x[t]);
    load_k_values(*x[t], values[t]);
  }
  const __m512i spreads[4] = {spread_of(0, 2), spread_of(1, 3), spread_of(4, 6), spread_of(5, 7)};
  __m512i sums[kTokens][kRowTile];
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kRowTile; ++r) {
    const int part = static_cast<int>(r);
    const __m512i own =
        _mm512_permutexvar_epi64(_mm512_set_epi64(2 * part + 1, 2 * part, 2 * part + 1, 2 * part,
                                                  2 * part + 1, 2 * part, 2 * part + 1, 2 * part),
                                 scales);
    __m512i codes[4];
    unpack_k_codes<kHasFifthBits>(rows[r], codes);
    for (std::size_t t = 0; t < kTokens; ++t) sums[t][r] = _mm512_setzero_si512();
#pragma GCC unroll 4
    for (std::size_t v = 0; v < 4; ++v) {
      const __m512i scale = _mm512_shuffle_epi8(own, spreads[v]);
      for (std::size_t t = 0; t < kTokens; ++t)
        sums[t][r] = add_scaled_pairs(sums[t][r], _mm512_maddubs_epi16(codes[v], values[t][v]), scale);
    }
  }
  for (std::size_t t = 0; t < kTokens; ++t) dots.codes[t] = fold_rows(sums[t]);
}

/// Two bits above four, of 64 neighbours at a time.
LYCEUM_LANES void unpack_q6_codes(const std::byte* block, __m512i (&codes)[4]) {
  const auto counts = [](int low, int high) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_set1_epi16(static_cast<std::int16_t>(low))),
                              _mm256_set1_epi16(static_cast<std::int16_t>(high)), 1);
  };
  const __m512i mask = _mm512_set1_epi8(0x0F);
  const __m512i high_mask = _mm512_set1_epi8(0x30);
  for (std::size_t half = 0; half < 2; ++half) {
    const __m512i low = load_64(block + half * 64);
    const __m512i high =
        _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 128 + half * 32)));
    codes[half * 2] = _mm512_ternarylogic_epi32(_mm512_and_si512(low, mask),
                                                _mm512_sllv_epi16(high, counts(4, 2)), high_mask, 0xF8);
    codes[half * 2 + 1] = _mm512_ternarylogic_epi32(_mm512_and_si512(_mm512_srli_epi16(low, 4), mask),
                                                    _mm512_srlv_epi16(high, counts(0, 2)), high_mask, 0xF8);
  }
}

template <std::size_t kTokens>
LYCEUM_LANES void dot_q6_rows(const std::byte* const* rows, const Int8Superblock* const* x,
                              SuperblockDots<kTokens>& dots) {
  dots.factor = factors_at(rows, 208);
  __m512i sums[kTokens][kRowTile];
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kRowTile; ++r) {
    const __m256i scales =
        _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[r] + 192)));
    __m512i codes[4];
    unpack_q6_codes(rows[r], codes);
    for (std::size_t t = 0; t < kTokens; ++t) {
      // The codes are 32 too large.
      const __m256i offset = _mm256_madd_epi16(
          scales, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x[t]->half_sums.data())));
      sums[t][r] =
          _mm512_zextsi256_si512(_mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32(offset, 5)));
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < 4; ++v) {
      const int group = static_cast<int>(4 * v);
      const __m512i own = _mm512_permutexvar_epi16(
          _mm512_or_si512(_mm512_set1_epi16(static_cast<std::int16_t>(group)),
                          _mm512_set_epi64(0x0003000300030003, 0x0003000300030003, 0x0002000200020002,
                                           0x0002000200020002, 0x0001000100010001, 0x0001000100010001, 0, 0)),
          _mm512_castsi256_si512(scales));
      for (std::size_t t = 0; t < kTokens; ++t)
        sums[t][r] = add_scaled_pairs(
            sums[t][r], _mm512_maddubs_epi16(codes[v], load_64(x[t]->values.data() + v * 64)), own);
    }
  }
  for (std::size_t t = 0; t < kTokens; ++t) dots.codes[t] = fold_rows(sums[t]);
}

/// Q8_0, one block or two in the halves of a register.
template <std::size_t kTokens>
LYCEUM_LANES void dot_q8_rows(const std::byte* const* rows, std::size_t count, const Int8Block* const* x,
                              BlockDots<kTokens, 2>& dots) {
  constexpr std::size_t kBytes = 34;
  const std::size_t second = count - 1;  // One block alone is computed twice.
  __m512i codes[kRowTile];
  for (std::size_t r = 0; r < kRowTile; ++r)
    codes[r] =
        _mm512_xor_si512(load_halves_of(rows[r] + 2, rows[r] + 2 + second * kBytes), _mm512_set1_epi8(-128));
  dots.factors[0] = factors_at(rows, 0);
  dots.factors[1] = factors_at(rows, second * kBytes);
  for (std::size_t t = 0; t < kTokens; ++t) {
    const __m512i values = load_halves_of(x[t][0].values.data(), x[t][second].values.data());
    __m512i sums[kRowTile];
    for (std::size_t r = 0; r < kRowTile; ++r)
      sums[r] = _mm512_dpbusd_epi32(_mm512_setzero_si512(), codes[r], values);
    const __m512i parts = fold_parts(sums);
    const __m512i halves = _mm512_add_epi32(parts, _mm512_shuffle_i64x2(parts, parts, 0b10'11'00'01));
    dots.codes[t][0] = row_ints_of(_mm512_castsi512_si128(halves)) - 128 * x[t][0].sum;
    dots.codes[t][1] = row_ints_of(_mm512_extracti32x4_epi32(halves, 2)) - 128 * x[t][second].sum;
  }
}

/// Q4_0, up to four blocks, a block a 128-bit part: their 72 bytes are two loads, from which the codes and
/// the factors are picked by words.
template <std::size_t kTokens>
LYCEUM_LANES void dot_q4_rows(const std::byte* const* rows, std::size_t count, const Int8Block* const* x,
                              BlockDots<kTokens, 4>& dots) {
  constexpr std::size_t kBytes = 18;
  constexpr std::size_t kSecondLoad = 4 * kBytes - 64;
  // Nothing is read behind the last block.
  const auto first_bytes = [](std::size_t n) { return n < 64 ? (__mmask64{1} << n) - 1 : ~__mmask64{0}; };
  const __mmask64 front = first_bytes(count * kBytes);
  const __mmask64 back = first_bytes(count * kBytes - kSecondLoad);
  const __m512i code_words = _mm512_set_epi16(63, 62, 61, 60, 59, 58, 57, 56, 26, 25, 24, 23, 22, 21, 20, 19,
                                              17, 16, 15, 14, 13, 12, 11, 10, 8, 7, 6, 5, 4, 3, 2, 1);
  // Of two rows, behind each other for every block, and room for two more.
  const __m512i factor_words = _mm512_set_epi16(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 59, 27, 59,
                                                27, 50, 18, 50, 18, 41, 9, 41, 9, 32, 0, 32, 0);
  const __m512i mask = _mm512_set1_epi8(0x0F);
  __m512i heads[kRowTile];
  __m512i low[kRowTile];
  __m512i high[kRowTile];
  for (std::size_t r = 0; r < kRowTile; ++r) {
    heads[r] = _mm512_maskz_loadu_epi8(front, rows[r]);
    const __m512i codes =
        _mm512_permutex2var_epi16(heads[r], code_words, _mm512_maskz_loadu_epi8(back, rows[r] + kSecondLoad));
    low[r] = _mm512_and_si512(codes, mask);
    high[r] = _mm512_and_si512(_mm512_srli_epi16(codes, 4), mask);
  }
  const __m512i factors =
      _mm512_mask_blend_epi32(0xAAAA, _mm512_permutex2var_epi16(heads[0], factor_words, heads[1]),
                              _mm512_permutex2var_epi16(heads[2], factor_words, heads[3]));
  const __m512 widened = _mm512_cvtph_ps(_mm512_castsi512_si256(factors));
  std::memcpy(dots.factors, &widened, sizeof(dots.factors));
  for (std::size_t t = 0; t < kTokens; ++t) {
    const Int8Block* blocks[4];
    for (std::size_t b = 0; b < 4; ++b) blocks[b] = x[t] + (b < count ? b : count - 1);
    const auto values_from = [&](std::size_t half) {
      const auto part = [&](std::size_t b) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(&blocks[b]->values[half * 16]));
      };
      __m512i values = _mm512_castsi128_si512(part(0));
      values = _mm512_inserti32x4(values, part(1), 1);
      values = _mm512_inserti32x4(values, part(2), 2);
      return _mm512_inserti32x4(values, part(3), 3);
    };
    const __m512i first = values_from(0);
    const __m512i second = values_from(1);
    __m512i sums[kRowTile];
    for (std::size_t r = 0; r < kRowTile; ++r)
      sums[r] =
          _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), low[r], first), high[r], second);
    const __m512i parts = fold_parts(sums);
    std::memcpy(dots.codes[t], &parts, sizeof(dots.codes[t]));
    // The codes are 8 too large.
    for (std::size_t b = 0; b < 4; ++b) dots.codes[t][b] -= 8 * blocks[b]->sum;
  }
}

}  // namespace
}  // namespace lyceum::kernels::cpu
