#pragma once

#include <span>

namespace lyceum::kernels::reference {

/// gate[i] = silu_f32(gate[i]) * up[i]. Equal lengths.
/// Source: Shazeer 2020, arXiv:2002.05202, eq. 6.
void swiglu(std::span<float> gate, std::span<const float> up);

}  // namespace lyceum::kernels::reference
