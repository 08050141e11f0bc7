#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "model/files/quantized.hpp"

namespace lyceum::model {

/// The inverse of `dequantize_row`: writes one row in the format of `type`. F16 and BF16 round to nearest,
/// ties to even. Q8_0 and Q4_0 are scaled by a block's largest magnitude. The K types search each group's
/// scale (and min) for the least squared error, weighted by magnitude, and refit it by least squares; so
/// their error is that of the reference converter, not its bits. The same bits on every machine.
///
/// Error of a value, for a block (Q8_0, Q4_0: 32 values; Q6_K: 16; Q4_K, Q5_K: 32) whose values span
/// `range` = max(0, largest) - min(0, smallest) and whose largest magnitude is `peak`:
///   F16 2^-11 of the value (2^-25 below 2^-14), BF16 2^-8 of the value, Q8_0 peak / 127, Q4_0 peak / 8,
///   root of the mean square on normally distributed values: Q6_K 1.8 %, Q5_K 3.6 %, Q4_K 7.2 % of theirs.
///
/// invalid_argument when sizes do not fit or a value is no finite number, too_large for a magnitude above
/// 65504 where the format has F16 in it, unsupported for a type outside TensorType.
Result<void> quantize_row(TensorType type, std::span<const float> values, std::span<std::byte> bytes);

/// Round to nearest, ties to even; above 65520 infinity.
std::uint16_t f16_of_float(float value);
/// Round to nearest, ties to even. For numbers, not NaN.
std::uint16_t bf16_of_float(float value);

}  // namespace lyceum::model
