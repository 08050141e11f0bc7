// Any processor: the compiler makes of sixteen lanes what it has.
#include "kernels/cpu/portable_isa.hpp"
#include "kernels/cpu/table_of.hpp"

namespace lyceum::kernels::cpu {

constinit const KernelTable kPortableKernels = table_of<Portable>();

}  // namespace lyceum::kernels::cpu
