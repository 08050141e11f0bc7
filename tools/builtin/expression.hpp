#pragma once

#include <string_view>

#include "tools/builtin/number.hpp"

namespace lyceum::tools {

inline constexpr std::size_t kMaxExpressionBytes = 1000;

/// Evaluates
///   sum     = product { ("+" | "-") product }
///   product = unary { ("*" | "/" | "%" | "of") unary }
///   unary   = { "+" | "-" } power
///   power   = postfix [ "^" unary ]              right to left: 2^3^2 is 512, -2^2 is -4
///   postfix = atom { "%" }                       before an operand the sign is the remainder instead
///   atom    = number | "pi" | "e" | "(" sum ")" | function "(" sum { "," sum } ")"
/// Errors: invalid_argument, with the 1-based position of what is wrong; also for results that are not
/// finite.
Result<Number> evaluate(std::string_view expression);

}  // namespace lyceum::tools
