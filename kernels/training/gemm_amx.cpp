#include <array>
#include <cstdint>
#include <cstring>

#include <immintrin.h>

#include "kernels/cpu/amx.hpp"
#include "kernels/training/gemm_blocks.hpp"

namespace lyceum::kernels::training {
namespace {

constexpr std::size_t kTileRowBytes = cpu::kAmxTileRowBytes;
/// Depth blocks of a transposed operand that are turned at a time: 32 KiB.
constexpr std::size_t kTurnedBlocks = 16;

/// The configuration belongs to a thread; it is loaded at a thread's first product.
[[gnu::target("amx-tile")]] void configure_tiles() {
  static thread_local bool is_configured = false;
  if (is_configured) return;
  cpu::TileConfiguration configuration;
  for (std::size_t tile = 0; tile < cpu::kAmxTiles; ++tile) {
    configuration.row_bytes[tile] = kTileRowBytes;
    configuration.rows[tile] = cpu::kAmxTileRows;
  }
  _tile_loadconfig(&configuration);
  is_configured = true;
}

/// The first tile of 16 rows of A is at `a`, the second at `a` + second; a block's tiles lie `step` apart.
struct TilesOfA {
  const Bf16* a;
  std::size_t row_bytes;
  std::size_t second;
  std::size_t step;
};

[[gnu::target("amx-tile,amx-bf16")]] void multiply_tiles(TilesOfA tiles, const Bf16* packed, float* c,
                                                         std::size_t c_stride, std::size_t num_blocks,
                                                         bool accumulates) {
  const std::size_t c_bytes = c_stride * sizeof(float);
  float* const lower = c + 16 * c_stride;
  if (accumulates) {
    _tile_loadd(0, c, c_bytes);
    _tile_loadd(1, c + 16, c_bytes);
    _tile_loadd(2, lower, c_bytes);
    _tile_loadd(3, lower + 16, c_bytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (std::size_t block = 0; block < num_blocks; ++block) {
    const Bf16* const a = tiles.a + block * tiles.step;
    const Bf16* const b = packed + block * kPackedBlock;
    _tile_loadd(4, a, tiles.row_bytes);
    _tile_loadd(6, b, kTileRowBytes);
    _tile_loadd(7, b + kPackedTile, kTileRowBytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, a + tiles.second, tiles.row_bytes);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, c_bytes);
  _tile_stored(1, c + 16, c_bytes);
  _tile_stored(2, lower, c_bytes);
  _tile_stored(3, lower + 16, c_bytes);
}

/// Turns packed tiles (pairs of depths by columns) into rows of A (columns by pairs).
void turn_tiles(const Bf16* packed, std::size_t num_tiles, Bf16* out) {
  for (std::size_t tile = 0; tile < num_tiles; ++tile, packed += kPackedTile, out += kPackedTile) {
    for (std::size_t pair = 0; pair < 16; ++pair) {
      for (std::size_t column = 0; column < 16; ++column)
        std::memcpy(out + column * kPackedPair + 2 * pair, packed + pair * kPackedPair + 2 * column,
                    2 * sizeof(Bf16));
    }
  }
}

}  // namespace

bool amx_is_permitted() {
  return __builtin_cpu_supports("amx-bf16") && cpu::has_amx_tiles();
}

void block_amx_bf16(const Bf16* a, std::size_t stride, const Bf16* packed, float* c, std::size_t c_stride,
                    std::size_t num_blocks, bool accumulates) {
  configure_tiles();
  multiply_tiles({a, stride * sizeof(Bf16), 16 * stride, kGemmTile}, packed, c, c_stride, num_blocks,
                 accumulates);
}

void transposed_block_amx_bf16(const Bf16* a, const Bf16* b, float* c, std::size_t c_stride,
                               std::size_t num_blocks, bool accumulates) {
  configure_tiles();
  alignas(64) std::array<Bf16, kTurnedBlocks * kPackedBlock> turned;
  for (std::size_t first = 0; first < num_blocks; first += kTurnedBlocks) {
    const std::size_t count = num_blocks - first < kTurnedBlocks ? num_blocks - first : kTurnedBlocks;
    turn_tiles(a + first * kPackedBlock, 2 * count, turned.data());
    multiply_tiles({turned.data(), kTileRowBytes, kPackedTile, kPackedBlock}, b + first * kPackedBlock, c,
                   c_stride, count, accumulates || first > 0);
  }
}

}  // namespace lyceum::kernels::training
