#pragma once

#include "kernels/cpu/x86_rows.hpp"

/// Part of avx2.cpp: four rows of weights times a few tokens, from the bytes of the file. A row's products of
/// 32 neighbours are summed in pairs to 16 bits (128 * 127 * 2 fits), those in pairs with their scale to 32
/// bits.
namespace lyceum::kernels::cpu {
namespace {

LYCEUM_LANES __m256i load_32(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

LYCEUM_LANES RowInts fold_rows(const __m256i (&rows)[kRowTile]) {
  const __m256i sums =
      _mm256_hadd_epi32(_mm256_hadd_epi32(rows[0], rows[1]), _mm256_hadd_epi32(rows[2], rows[3]));
  return row_ints_of(_mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1)));
}

/// In each 128-bit part, the 16 bits at `index` of that part.
LYCEUM_LANES __m256i spread(__m256i scales, std::size_t index) {
  return _mm256_shuffle_epi8(scales, _mm256_set1_epi16(static_cast<std::int16_t>(0x0100 + 0x0202 * index)));
}

/// Products of one row's block of 32 with every token's, times their scales.
template <std::size_t kTokens>
LYCEUM_LANES void add_block(__m256i codes, __m256i scales, std::size_t block, const Int8Superblock* const* x,
                            __m256i (&sums)[kTokens]) {
  for (std::size_t t = 0; t < kTokens; ++t) {
    const __m256i pairs = _mm256_maddubs_epi16(codes, load_32(&x[t]->values[block * kInt8BlockSize]));
    sums[t] = _mm256_add_epi32(sums[t], _mm256_madd_epi16(pairs, scales));
  }
}

/// The scales of a row of Q4_K or Q5_K, then its minimums, 16 bits each.
LYCEUM_LANES __m256i unpack_k_scales(const std::byte* block) {
  std::uint32_t words[3];
  std::memcpy(words, block + 4, sizeof(words));
  const std::uint32_t high_scales = (words[2] & 0x0F0F0F0FU) | (words[0] >> 2U & 0x30303030U);
  const std::uint32_t high_mins = (words[2] >> 4U & 0x0F0F0F0FU) | (words[1] >> 2U & 0x30303030U);
  return _mm256_cvtepu8_epi16(
      _mm_setr_epi32(static_cast<int>(words[0] & 0x3F3F3F3FU), static_cast<int>(high_scales),
                     static_cast<int>(words[1] & 0x3F3F3F3FU), static_cast<int>(high_mins)));
}

template <bool kHasFifthBits, std::size_t kTokens>
LYCEUM_LANES void dot_k_rows(const std::byte* const* rows, const Int8Superblock* const* x,
                             SuperblockDots<kTokens>& dots) {
  dots.factor = factors_at(rows, 0);
  dots.min_factor = factors_at(rows, 2);
  const __m256i mask = _mm256_set1_epi8(0x0F);
  __m256i sums[kTokens][kRowTile];
  __m256i mins[kTokens][kRowTile];
  for (std::size_t r = 0; r < kRowTile; ++r) {
    const __m256i own = unpack_k_scales(rows[r]);
    const __m256i scales = _mm256_permute2x128_si256(own, own, 0x00);
    __m256i of_row[kTokens];
    for (std::size_t t = 0; t < kTokens; ++t) {
      of_row[t] = _mm256_setzero_si256();
      const __m128i products =
          _mm_madd_epi16(_mm256_extracti128_si256(own, 1),
                         _mm_loadu_si128(reinterpret_cast<const __m128i*>(x[t]->block_sums.data())));
      mins[t][r] = _mm256_zextsi128_si256(products);
    }
    const __m256i bits = kHasFifthBits ? load_32(rows[r] + 16) : _mm256_setzero_si256();
#pragma GCC unroll 4
    for (std::size_t pair = 0; pair < 4; ++pair) {
      const __m256i bytes = load_32(rows[r] + (kHasFifthBits ? 48 : 16) + pair * 32);
      __m256i codes[2] = {_mm256_and_si256(bytes, mask), _mm256_and_si256(_mm256_srli_epi16(bytes, 4), mask)};
      for (std::size_t side = 0; side < 2; ++side) {
        const std::size_t block = 2 * pair + side;
        if constexpr (kHasFifthBits) {
          const __m256i bit =
              _mm256_and_si256(_mm256_srli_epi16(bits, static_cast<int>(block)), _mm256_set1_epi8(1));
          codes[side] = _mm256_or_si256(codes[side], _mm256_slli_epi16(bit, 4));
        }
        add_block(codes[side], spread(scales, block), block, x, of_row);
      }
    }
    for (std::size_t t = 0; t < kTokens; ++t) sums[t][r] = of_row[t];
  }
  for (std::size_t t = 0; t < kTokens; ++t) {
    dots.codes[t] = fold_rows(sums[t]);
    dots.mins[t] = fold_rows(mins[t]);
  }
}

template <std::size_t kTokens>
LYCEUM_LANES void dot_q6_rows(const std::byte* const* rows, const Int8Superblock* const* x,
                              SuperblockDots<kTokens>& dots) {
  dots.factor = factors_at(rows, 208);
  const __m256i mask = _mm256_set1_epi8(0x0F);
  const __m256i high_mask = _mm256_set1_epi8(0x30);
  __m256i sums[kTokens][kRowTile];
  for (std::size_t r = 0; r < kRowTile; ++r) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[r] + 192));
    const __m256i in_order = _mm256_cvtepi8_epi16(bytes);
    // The halves of a block of 32 have scales of their own: those of the first halves, then of the second.
    const __m256i scales = _mm256_cvtepi8_epi16(
        _mm_shuffle_epi8(bytes, _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15)));
    __m256i of_row[kTokens];
    for (std::size_t t = 0; t < kTokens; ++t) {
      // The codes are 32 too large.
      const __m256i offset = _mm256_madd_epi16(in_order, load_32(x[t]->half_sums.data()));
      of_row[t] = _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32(offset, 5));
    }
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
      const __m256i high = load_32(rows[r] + 128 + half * 32);
      for (std::size_t side = 0; side < 2; ++side) {
        const __m256i low = load_32(rows[r] + half * 64 + side * 32);
        const int shift = static_cast<int>(2 * side);
        const std::size_t block = half * 4 + side;
        const __m256i first = _mm256_and_si256(_mm256_slli_epi16(high, 4 - shift), high_mask);
        const __m256i second = _mm256_and_si256(_mm256_srli_epi16(high, shift), high_mask);
        add_block(_mm256_or_si256(_mm256_and_si256(low, mask), first), spread(scales, block), block, x,
                  of_row);
        add_block(_mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low, 4), mask), second),
                  spread(scales, block + 2), block + 2, x, of_row);
      }
    }
    for (std::size_t t = 0; t < kTokens; ++t) sums[t][r] = of_row[t];
  }
  for (std::size_t t = 0; t < kTokens; ++t) dots.codes[t] = fold_rows(sums[t]);
}

/// Q8_0, one block or two. The sign goes to the activations.
template <std::size_t kTokens>
LYCEUM_LANES void dot_q8_rows(const std::byte* const* rows, std::size_t count, const Int8Block* const* x,
                              BlockDots<kTokens, 2>& dots) {
  constexpr std::size_t kBytes = 34;
  for (std::size_t b = 0; b < count; ++b) {
    dots.factors[b] = factors_at(rows, b * kBytes);
    __m256i codes[kRowTile];
    for (std::size_t r = 0; r < kRowTile; ++r) codes[r] = load_32(rows[r] + b * kBytes + 2);
    for (std::size_t t = 0; t < kTokens; ++t) {
      const __m256i values = load_32(x[t][b].values.data());
      __m256i sums[kRowTile];
      for (std::size_t r = 0; r < kRowTile; ++r) {
        const __m256i pairs =
            _mm256_maddubs_epi16(_mm256_abs_epi8(codes[r]), _mm256_sign_epi8(values, codes[r]));
        sums[r] = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
      }
      dots.codes[t][b] = fold_rows(sums);
    }
  }
}

/// Q4_0, up to four blocks, a block a register.
template <std::size_t kTokens>
LYCEUM_LANES void dot_q4_rows(const std::byte* const* rows, std::size_t count, const Int8Block* const* x,
                              BlockDots<kTokens, 4>& dots) {
  constexpr std::size_t kBytes = 18;
  for (std::size_t b = 0; b < count; ++b) {
    dots.factors[b] = factors_at(rows, b * kBytes);
    __m256i codes[kRowTile];
    for (std::size_t r = 0; r < kRowTile; ++r) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[r] + b * kBytes + 2));
      codes[r] = _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(bytes, 4), bytes), _mm256_set1_epi8(0x0F));
    }
    for (std::size_t t = 0; t < kTokens; ++t) {
      const __m256i values = load_32(x[t][b].values.data());
      __m256i sums[kRowTile];
      for (std::size_t r = 0; r < kRowTile; ++r)
        sums[r] = _mm256_madd_epi16(_mm256_maddubs_epi16(codes[r], values), _mm256_set1_epi16(1));
      // The codes are 8 too large.
      dots.codes[t][b] = fold_rows(sums) - 8 * x[t][b].sum;
    }
  }
}

}  // namespace
}  // namespace lyceum::kernels::cpu
