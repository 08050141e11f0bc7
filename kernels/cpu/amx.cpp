#include "kernels/cpu/amx.hpp"

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace lyceum::kernels::cpu {
namespace {

bool ask_for_tiles() {
#if defined(__x86_64__) && defined(__linux__)
  if (!__builtin_cpu_supports("amx-tile")) return false;
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace

bool has_amx_tiles() {
  static const bool has_tiles = ask_for_tiles();
  return has_tiles;
}

}  // namespace lyceum::kernels::cpu
