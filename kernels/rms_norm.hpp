#pragma once

#include <cstddef>
#include <span>

namespace lyceum::kernels::reference {

/// Scales every row to a root mean square of 1, then by a weight a column. In place is allowed.
///
///   x, y    [num_rows, weight.size()]  f32
///   weight  [row length]
/// Order: s = dot(row, row) / n + epsilon; y[i] = (x[i] * (1 / sqrt(s))) * weight[i].
/// Source: Zhang & Sennrich 2019, arXiv:1910.07467, eq. 4.
void rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon, std::span<float> y);

}  // namespace lyceum::kernels::reference
