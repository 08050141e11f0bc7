#pragma once

#include "kernels/cpu/kernel_table.hpp"
#include "kernels/isa.hpp"

namespace lyceum::kernels::cpu {

/// `isa` is one of available_isas().
const KernelTable& kernels_of(Isa isa);

}  // namespace lyceum::kernels::cpu
