// Compiled for what kernels/cpu/avx512.cpp is: the vectors that stand around the tiles of AMX.
#include "kernels/cpu/avx512_isa.hpp"
#include "kernels/cpu/tile_product.hpp"
#include "tests/unit/kernels/emulated_tile_kernels.hpp"
#include "tests/unit/kernels/emulated_tiles.hpp"

namespace lyceum::kernels::cpu {

constinit const TileKernels kEmulatedTilesAvx512 = tile_kernels_of<Avx512, EmulatedTiles>();

}  // namespace lyceum::kernels::cpu
