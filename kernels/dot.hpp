#pragma once

#include <cstddef>
#include <span>

namespace lyceum::kernels {

/// Partial sums of `dot` and `sum`: one 512-bit register, or two of 256 bits.
constexpr std::size_t kLanes = 16;

/// The specification: plain loops, one fixed order of operations.
namespace reference {

/// Sum of a[i] * b[i]. Equal lengths, f32.
///
/// Order: lane i % 16 adds its products in rising i, each product and each sum rounded to f32; then lane l
/// adds lane l + 8 for l < 8, then l + 4, l + 2, l + 1. Error below (n / 16 + 5) units of rounding of sum
/// |a[i] b[i]|.
float dot(std::span<const float> a, std::span<const float> b);

/// Sum of the values, in the lanes and the order of `dot`.
float sum(std::span<const float> values);

}  // namespace reference
}  // namespace lyceum::kernels
