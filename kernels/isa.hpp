#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lyceum::kernels {

/// Instruction sets that the kernels of cpu/ are written for. All give the same bits.
enum class Isa : std::uint8_t {
  portable,  ///< Plain C++, on any processor
  avx2,      ///< With F16C
  avx512,    ///< F, BW, DQ, VL and VNNI
  amx,       ///< The same, and for many tokens tile registers with products of int8
};

std::string_view name_of(Isa isa);

/// Those that this processor and its system can run, the slowest first. Never empty.
std::span<const Isa> available_isas();

}  // namespace lyceum::kernels
