#pragma once

#include "kernels/cpu/attention.hpp"
#include "kernels/cpu/float_product.hpp"
#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/quantized_product.hpp"
#include "kernels/cpu/rows.hpp"

namespace lyceum::kernels::cpu {

template <class Isa>
constexpr KernelTable table_of() {
  return {.quantize = quantize<Isa>,
          .quantize_superblocks = quantize_superblocks<Isa>,
          .multiply_blocks = multiply_blocks<Isa>,
          .multiply_superblocks = multiply_superblocks<Isa>,
          .multiply_floats = multiply_floats<Isa>,
          .attention = attention<Isa>,
          .rms_norm = rms_norm<Isa>,
          .swiglu = swiglu<Isa>,
          .add_scaled = add_scaled<Isa>};
}

}  // namespace lyceum::kernels::cpu
