#pragma once

#include <cstddef>
#include <span>

#include "kernels/weight_matrix.hpp"

namespace lyceum::kernels::reference {

/// y = x W^T for `num_tokens` rows, each by itself, so that a token's result does not depend on the others in
/// the batch.
///
///   x  [num_tokens, weight.num_inputs]   f32, finite
///   y  [num_tokens, weight.num_outputs]  out, overlaps neither
/// Order: quantised weights: a row of x is rounded to the blocks that the type wants, then y[t, o] =
/// dot_quantized(weight[o], x[t]). Others: y[t, o] = dot(x[t], weight[o]), F16 and BF16 widened to f32.
void matmul(std::size_t num_tokens, std::span<const float> x, const WeightMatrix& weight, std::span<float> y);

/// Row `row` of a weight matrix as f32: [weight.num_inputs]. Quantised: (factor * scale) *
/// code - min_factor * min, each rounded.
void widen_row(const WeightMatrix& weight, std::size_t row, std::span<float> values);

}  // namespace lyceum::kernels::reference
