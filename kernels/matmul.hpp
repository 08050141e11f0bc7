#pragma once

#include <cstddef>
#include <span>

namespace lyceum::kernels {

/// Extents of a product of activations with a weight matrix.
struct MatmulShape {
  std::size_t num_tokens;
  std::size_t num_inputs;
  std::size_t num_outputs;
};

namespace reference {

/// y = x W^T: y[t, o] = dot(x[t], w[o]), in the order of `dot`, so that a token's result does not depend on
/// the others in the batch.
///
///   x  [num_tokens, num_inputs]    f32
///   w  [num_outputs, num_inputs]   f32, one row an output (the layout of GGUF)
///   y  [num_tokens, num_outputs]   out, overlaps neither
void matmul(const MatmulShape& shape, std::span<const float> x, std::span<const float> w, std::span<float> y);

}  // namespace reference
}  // namespace lyceum::kernels
