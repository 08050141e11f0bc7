#pragma once

#include <cstddef>

#include "kernels/training/gemm.hpp"

namespace lyceum::kernels::training {

void round_to_bf16(const float* values, std::size_t n, Bf16* rounded);

/// y += scale * x.
void add_scaled(float scale, const Bf16* x, std::size_t n, float* y);

/// scaled = scale * y, rounded; returns the sum of y[i] * x[i] before rounding. n is a multiple of 16.
float scale_and_dot(float scale, const float* y, const Bf16* x, std::size_t n, Bf16* scaled);

}  // namespace lyceum::kernels::training
