// Compiled for AVX2 with F16C, and called only where the processor has them.
#include <immintrin.h>

#include "kernels/cpu/avx2_rows.hpp"
#include "kernels/cpu/table_of.hpp"
#include "kernels/cpu/x86_row_dots.hpp"

namespace lyceum::kernels::cpu {
namespace {

using HalfInts [[gnu::vector_size(32)]] = std::int32_t;

LYCEUM_LANES __m256i low_of(Ints v) {
  __m256i half;
  std::memcpy(&half, &v, sizeof(half));
  return half;
}

LYCEUM_LANES __m256i high_of(Ints v) {
  const HalfInts half = __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  __m256i bits;
  std::memcpy(&bits, &half, sizeof(bits));
  return bits;
}

LYCEUM_LANES Ints join(__m256i low, __m256i high) {
  HalfInts halves[2];
  std::memcpy(&halves[0], &low, sizeof(low));
  std::memcpy(&halves[1], &high, sizeof(high));
  return __builtin_shufflevector(halves[0], halves[1], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

/// Of each 128-bit part of four registers, the 4 by 4 words transposed.
LYCEUM_LANES void transpose_4(const __m256i (&in)[4], __m256i* out) {
  const __m256i a = _mm256_unpacklo_epi32(in[0], in[1]);
  const __m256i b = _mm256_unpackhi_epi32(in[0], in[1]);
  const __m256i c = _mm256_unpacklo_epi32(in[2], in[3]);
  const __m256i d = _mm256_unpackhi_epi32(in[2], in[3]);
  out[0] = _mm256_unpacklo_epi64(a, c);
  out[1] = _mm256_unpackhi_epi64(a, c);
  out[2] = _mm256_unpacklo_epi64(b, d);
  out[3] = _mm256_unpackhi_epi64(b, d);
}

LYCEUM_LANES __m256i load_two(const std::byte* low, const std::byte* high) {
  return _mm256_inserti128_si256(
      _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(low))),
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(high)), 1);
}

/// Words 0 to 3 at `offset` of eight rows from `rows` on.
LYCEUM_LANES void load_four(const std::byte* const* rows, std::size_t offset, __m256i* out) {
  __m256i in[4];
  for (std::size_t r = 0; r < 4; ++r) in[r] = load_two(rows[r] + offset, rows[r + 4] + offset);
  transpose_4(in, out);
}

LYCEUM_LANES __m256i halves_of_eight(const std::byte* const* rows, std::size_t offset) {
  std::uint16_t bits[8];
  for (std::size_t r = 0; r < 8; ++r) std::memcpy(&bits[r], rows[r] + offset, sizeof(bits[r]));
  return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bits)));
}

LYCEUM_LANES __m256 floats_of_eight(__m256i bits) {
  const __m128i packed = _mm_packus_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
  return _mm256_cvtph_ps(packed);
}

template <bool kSigned>
LYCEUM_LANES __m256i dot4_of_eight(__m256i sums, __m256i codes, __m256i quads) {
  // Pairs are summed in 16 bits: 128 * 127 * 2 fits, so the sign goes to the activations.
  const __m256i pairs = kSigned ? _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(quads, codes))
                                : _mm256_maddubs_epi16(codes, quads);
  return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

struct Avx2 : X86RowDots {
  static constexpr bool kHasSignedCodes = true;
  static constexpr std::size_t kTokenTile = 2;
  static constexpr std::size_t kPanelTile = 1;
  static constexpr std::size_t kFloatTile = 1;
  static constexpr std::size_t kFewTokens = 4;

  template <std::size_t kWords>
  [[gnu::always_inline]] static void load_columns(RowPointers rows, std::size_t offset, Ints* out) {
    for (std::size_t first = 0; first < kWords; first += 4) {
      __m256i low[4];
      __m256i high[4];
      load_four(rows, offset + first * 4, low);
      load_four(rows + 8, offset + first * 4, high);
      for (std::size_t j = 0; j < 4; ++j) out[first + j] = join(low[j], high[j]);
    }
  }

  [[gnu::always_inline]] static Ints load_halves(RowPointers rows, std::size_t offset) {
    return join(halves_of_eight(rows, offset), halves_of_eight(rows + 8, offset));
  }

  [[gnu::always_inline]] static Floats floats_of_halves(Ints bits) {
    const __m256 halves[2] = {floats_of_eight(low_of(bits)), floats_of_eight(high_of(bits))};
    Floats values;
    std::memcpy(&values, halves, sizeof(values));
    return values;
  }

  template <bool kSigned>
  [[gnu::always_inline]] static Ints dot4(Ints sums, Ints codes, std::int32_t quad) {
    const __m256i quads = _mm256_set1_epi32(quad);
    return join(dot4_of_eight<kSigned>(low_of(sums), low_of(codes), quads),
                dot4_of_eight<kSigned>(high_of(sums), high_of(codes), quads));
  }

  [[gnu::always_inline]] static Ints dot2(Ints sums, Ints pairs, std::int32_t pair) {
    const __m256i two = _mm256_set1_epi32(pair);
    return sums + join(_mm256_madd_epi16(low_of(pairs), two), _mm256_madd_epi16(high_of(pairs), two));
  }
};

}  // namespace

constinit const KernelTable kAvx2Kernels = table_of<Avx2>();

}  // namespace lyceum::kernels::cpu
