#include "tests/unit/kernels/emulated_tiles.hpp"

#include "kernels/cpu/portable_isa.hpp"
#include "kernels/cpu/tile_product.hpp"
#include "tests/unit/kernels/emulated_tile_kernels.hpp"

namespace lyceum::kernels::cpu {

constinit const TileKernels kEmulatedTiles = tile_kernels_of<Portable, EmulatedTiles>();

}  // namespace lyceum::kernels::cpu
