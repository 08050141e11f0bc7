#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

/// Tile registers in plain C++, as the processor's manual defines their instructions, so that what packs,
/// sums and scales around them is tested on any machine. Included by files that are compiled for an
/// instruction set: nothing here may have external linkage.
namespace lyceum::kernels::cpu {
namespace {

class EmulatedTiles {
 public:
  explicit EmulatedTiles(std::size_t depth) {
    for (std::size_t tile = 0; tile < 8; ++tile) {
      tiles_[tile].rows = tile >= 6 ? depth / 4 : 16;
      tiles_[tile].row_bytes = tile == 4 || tile == 5 ? depth : 64;
      // What a processor would have cleared is not relied on.
      std::memset(tiles_[tile].bytes, 0x5A, sizeof(tiles_[tile].bytes));
    }
  }

  template <int kTile>
  void zero() {
    std::memset(tiles_[kTile].bytes, 0, sizeof(tiles_[kTile].bytes));
  }

  template <int kTile>
  void load(const void* from, std::size_t stride) {
    zero<kTile>();
    Tile& tile = tiles_[kTile];
    for (std::size_t row = 0; row < tile.rows; ++row)
      std::memcpy(tile.bytes[row], static_cast<const std::byte*>(from) + row * stride, tile.row_bytes);
  }

  template <int kTile>
  void store(void* to, std::size_t stride) const {
    const Tile& tile = tiles_[kTile];
    for (std::size_t row = 0; row < tile.rows; ++row)
      std::memcpy(static_cast<std::byte*>(to) + row * stride, tile.bytes[row], tile.row_bytes);
  }

  template <int kSums, int kTokens, int kWeights, bool kIsSigned>
  void multiply() {
    Tile& sums = tiles_[kSums];
    const Tile& tokens = tiles_[kTokens];
    const Tile& weights = tiles_[kWeights];
    for (std::size_t row = 0; row < sums.rows; ++row) {
      for (std::size_t column = 0; column < sums.row_bytes / 4; ++column) {
        std::int32_t sum = 0;
        std::memcpy(&sum, &sums.bytes[row][4 * column], sizeof(sum));
        for (std::size_t k = 0; k < tokens.row_bytes; ++k) {
          const unsigned char weight = weights.bytes[k / 4][4 * column + k % 4];
          sum += std::int32_t{static_cast<std::int8_t>(tokens.bytes[row][k])} *
                 (kIsSigned ? std::int32_t{static_cast<std::int8_t>(weight)} : std::int32_t{weight});
        }
        std::memcpy(&sums.bytes[row][4 * column], &sum, sizeof(sum));
      }
    }
  }

 private:
  struct Tile {
    std::size_t rows;
    std::size_t row_bytes;
    unsigned char bytes[16][64];
  };

  Tile tiles_[8];
};

}  // namespace
}  // namespace lyceum::kernels::cpu
