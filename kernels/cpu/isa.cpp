#include "kernels/isa.hpp"

#include <array>

#include "kernels/cpu/amx.hpp"
#include "kernels/cpu/isa.hpp"

namespace lyceum::kernels {

std::string_view name_of(Isa isa) {
  switch (isa) {
    case Isa::portable:
      return "portable";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::amx:
      return "amx";
  }
  return "unknown";
}

std::span<const Isa> available_isas() {
  static constexpr std::array kAll{Isa::portable, Isa::avx2, Isa::avx512, Isa::amx};
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c");
  static const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                                 __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                                 __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
  static const bool has_amx = has_avx512 && __builtin_cpu_supports("amx-int8") && cpu::has_amx_tiles();
  if (has_amx) return kAll;
  if (has_avx512) return std::span(kAll).first(3);
  if (has_avx2) return std::span(kAll).first(2);
#endif
  return std::span(kAll).first(1);
}

namespace cpu {

const KernelTable& kernels_of(Isa isa) {
#if defined(__x86_64__)
  static const KernelTable amx = [] {
    KernelTable table = kAvx512Kernels;
    table.tiles = &kAmxKernels;
    return table;
  }();
  if (isa == Isa::amx) return amx;
  if (isa == Isa::avx512) return kAvx512Kernels;
  if (isa == Isa::avx2) return kAvx2Kernels;
#endif
  (void)isa;
  return kPortableKernels;
}

}  // namespace cpu
}  // namespace lyceum::kernels
