#pragma once

#include "kernels/cpu/unpack.hpp"
#include "kernels/small_floats.hpp"

/// What the templates of this folder want, in plain C++.
namespace lyceum::kernels::cpu {
namespace {

struct Portable {
  static constexpr bool kHasSignedCodes = true;
  static constexpr std::size_t kTokenTile = 1;
  static constexpr std::size_t kPanelTile = 1;
  static constexpr std::size_t kFloatTile = 1;
  static constexpr std::size_t kFewTokens = 0;

  template <std::size_t kWords>
  static void load_columns(RowPointers rows, std::size_t offset, Ints* out) {
    for (std::size_t row = 0; row < kLanes; ++row) {
      std::int32_t words[kWords];
      std::memcpy(words, rows[row] + offset, sizeof(words));
      for (std::size_t j = 0; j < kWords; ++j) out[j][row] = words[j];
    }
  }

  static Ints load_halves(RowPointers rows, std::size_t offset) {
    Ints bits{};
    for (std::size_t row = 0; row < kLanes; ++row) {
      std::uint16_t half = 0;
      std::memcpy(&half, rows[row] + offset, sizeof(half));
      bits[row] = half;
    }
    return bits;
  }

  static Floats floats_of_halves(Ints bits) {
    Floats values{};
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      values[lane] = float_of_f16(static_cast<std::uint16_t>(bits[lane]));
    return values;
  }

  template <bool kSigned>
  static Ints dot4(Ints sums, Ints codes, std::int32_t quad) {
    for (int byte = 0; byte < 4; ++byte) {
      // Codes that are not signed are below 64: both readings agree.
      const Ints code = (codes << (24 - 8 * byte)) >> 24;
      sums += code * std::int32_t{static_cast<std::int8_t>(quad >> (8 * byte))};
    }
    return sums;
  }

  static Ints dot2(Ints sums, Ints pairs, std::int32_t pair) {
    for (int half = 0; half < 2; ++half) {
      const Ints number = (pairs << (16 - 16 * half)) >> 16;
      sums += number * std::int32_t{static_cast<std::int16_t>(pair >> (16 * half))};
    }
    return sums;
  }
};

}  // namespace
}  // namespace lyceum::kernels::cpu
