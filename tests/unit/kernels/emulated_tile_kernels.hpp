#pragma once

#include "kernels/cpu/kernel_table.hpp"

namespace lyceum::kernels::cpu {

/// Products by emulated tile registers, with the vectors of plain C++ and of AVX-512 around them.
extern const TileKernels kEmulatedTiles;
extern const TileKernels kEmulatedTilesAvx512;

}  // namespace lyceum::kernels::cpu
