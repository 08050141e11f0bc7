// Compiled for AMX's tiles and products of int8 and for what avx512.cpp is, and called only where the
// processor has them and the operating system grants them.
#include "kernels/cpu/amx.hpp"
#include "kernels/cpu/avx512_isa.hpp"
#include "kernels/cpu/tile_product.hpp"

namespace lyceum::kernels::cpu {
namespace {

/// The thread's own registers. It finds the shapes that it had before, or none, when this ends; what the
/// registers held is lost.
class AmxTiles {
 public:
  explicit AmxTiles(std::size_t depth) {
    _tile_storeconfig(&former_);
    TileConfiguration shapes;
    for (std::size_t tile = 0; tile < kAmxTiles; ++tile) {
      const bool is_tokens = tile == 4 || tile == 5;
      const bool is_weights = tile == 6 || tile == 7;
      shapes.row_bytes[tile] = static_cast<std::uint16_t>(is_tokens ? depth : kAmxTileRowBytes);
      shapes.rows[tile] = static_cast<std::uint8_t>(is_weights ? depth / 4 : kAmxTileRows);
    }
    _tile_loadconfig(&shapes);
  }

  ~AmxTiles() {
    if (former_.palette == 0) {
      _tile_release();
    } else {
      _tile_loadconfig(&former_);
    }
  }

  AmxTiles(const AmxTiles&) = delete;
  AmxTiles& operator=(const AmxTiles&) = delete;

  template <int kTile>
  [[gnu::always_inline]] void zero() {
    _tile_zero(kTile);
  }

  template <int kTile>
  [[gnu::always_inline]] void load(const void* from, std::size_t stride) {
    _tile_loadd(kTile, from, stride);
  }

  template <int kTile>
  [[gnu::always_inline]] void store(void* to, std::size_t stride) {
    _tile_stored(kTile, to, stride);
  }

  template <int kSums, int kTokens, int kWeights, bool kIsSigned>
  [[gnu::always_inline]] void multiply() {
    if constexpr (kIsSigned) {
      _tile_dpbssd(kSums, kTokens, kWeights);
    } else {
      _tile_dpbsud(kSums, kTokens, kWeights);
    }
  }

 private:
  TileConfiguration former_;
};

}  // namespace

constinit const TileKernels kAmxKernels = tile_kernels_of<Avx512, AmxTiles>();

}  // namespace lyceum::kernels::cpu
