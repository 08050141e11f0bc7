#pragma once

#include <cstddef>
#include <span>

#include "kernels/training/gemm.hpp"

namespace lyceum::kernels::training {

/// y = x / rms(x) * weight for rows of weight.size() values (a multiple of 16), rounded to bf16.
///
///   x             [num_rows, row]  f32
///   inverse_rms   [num_rows]       out, for the way back
/// Source: Zhang & Sennrich 2019, arXiv:1910.07467, eq. 4.
void rms_norm_forward(const float* x, std::span<const float> weight, float epsilon, std::size_t num_rows,
                      Bf16* y, float* inverse_rms);
/// Adds to `dx` and `dweight` what `dy` (the gradient by y) says about them.
void rms_norm_backward(const float* x, std::span<const float> weight, const float* inverse_rms,
                       const float* dy, std::size_t num_rows, float* dx, float* dweight);

/// Cosines and sines of the positions 0..: [num_positions, head_dim / 2] each.
struct RopeTable {
  const float* cosines = nullptr;
  const float* sines = nullptr;
};

/// One head of consecutive positions from 0: normalises each row, turns it (pairs i and i + dim / 2) and
/// multiplies it by `scale`.
///
///   x   [num_rows, weight.size()] at x_stride, bf16
///   y   [num_rows, weight.size()] packed densely, bf16
void head_norm_rope_forward(const Bf16* x, std::size_t x_stride, std::span<const float> weight, float epsilon,
                            const RopeTable& table, float scale, std::size_t num_rows, Bf16* y);
/// dy [num_rows, dim] f32 is by the turned and scaled row; writes dx (bf16, at x_stride) and adds to
/// dweight.
void head_norm_rope_backward(const Bf16* x, std::size_t x_stride, std::span<const float> weight,
                             float epsilon, const RopeTable& table, float scale, std::size_t num_rows,
                             const float* dy, Bf16* dx, float* dweight);

}  // namespace lyceum::kernels::training
