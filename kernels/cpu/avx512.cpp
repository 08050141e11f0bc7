// Compiled for AVX-512 F, BW, DQ, VL and VNNI, and called only where the processor has them.
#include "kernels/cpu/avx512_isa.hpp"
#include "kernels/cpu/table_of.hpp"

namespace lyceum::kernels::cpu {

constinit const KernelTable kAvx512Kernels = table_of<Avx512>();

}  // namespace lyceum::kernels::cpu
