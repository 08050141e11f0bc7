#pragma once

#include <cstddef>
#include <cstdint>

namespace lyceum::kernels::cpu {

/// Asks the operating system for the tile registers, once a process; false where it or the processor has
/// none. Products of a type of numbers are to be asked of the processor besides.
bool has_amx_tiles();

constexpr std::size_t kAmxTiles = 8;
constexpr std::size_t kAmxTileRows = 16;
constexpr std::size_t kAmxTileRowBytes = 64;

/// Shapes of the tile registers, as LDTILECFG reads them (Intel SDM, volume 1, section 18.3). They belong to
/// a thread, and as long as they are loaded every switch of threads saves 8 KiB.
struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14]{};
  std::uint16_t row_bytes[16]{};
  std::uint8_t rows[16]{};
};

}  // namespace lyceum::kernels::cpu
