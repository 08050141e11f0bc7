#pragma once

#include <span>

namespace lyceum::kernels::reference {

/// Replaces one row by e^(x[i] - max) / sum. Not empty; finite or minus infinity, at least one finite.
/// Order: exp_f32 of each difference; `sum` over them (lanes as in `dot`); each divided by the sum.
void softmax(std::span<float> row);

}  // namespace lyceum::kernels::reference
