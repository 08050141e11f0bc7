#pragma once

#include <immintrin.h>

#include "kernels/cpu/row_product.hpp"

/// What avx2_rows.hpp and avx512_rows.hpp share.
namespace lyceum::kernels::cpu {
namespace {

LYCEUM_LANES RowInts row_ints_of(__m128i v) {
  RowInts ints;
  std::memcpy(&ints, &v, sizeof(ints));
  return ints;
}

LYCEUM_LANES RowFloats row_floats_of(__m128 v) {
  RowFloats floats;
  std::memcpy(&floats, &v, sizeof(floats));
  return floats;
}

/// Four half floats, one a row.
LYCEUM_LANES RowFloats factors_at(const std::byte* const* rows, std::size_t offset) {
  std::uint16_t bits[kRowTile];
  for (std::size_t r = 0; r < kRowTile; ++r) std::memcpy(&bits[r], rows[r] + offset, sizeof(bits[r]));
  const __m128i halves = _mm_cvtsi64_si128(
      static_cast<std::int64_t>(std::uint64_t{bits[0]} | std::uint64_t{bits[1]} << 16U |
                                std::uint64_t{bits[2]} << 32U | std::uint64_t{bits[3]} << 48U));
  return row_floats_of(_mm_cvtph_ps(halves));
}

}  // namespace
}  // namespace lyceum::kernels::cpu
