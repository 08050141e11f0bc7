#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace lyceum::tools {

/// A 64-bit integer as long as it is exact, a double from the first step that is not.
using Number = std::variant<std::int64_t, double>;

double real(const Number& number);

Number add(const Number& a, const Number& b);
Number subtract(const Number& a, const Number& b);
Number multiply(const Number& a, const Number& b);
/// `b` must not be zero.
Number divide(const Number& a, const Number& b);
/// With the sign of `a`, as C does it. `b` must not be zero.
Number remainder(const Number& a, const Number& b);
Number power(const Number& base, const Number& exponent);

/// sqrt abs min max round floor ceil log (base 10, or log(x, base)) ln exp. Errors: invalid_argument (unknown
/// name, wrong number of arguments, outside the function's domain).
Result<Number> call_function(std::string_view name, const std::vector<Number>& arguments);

/// Digits without noise: 0.1 + 0.2 is "0.3" at 15 significant digits.
std::string to_text(const Number& number);

}  // namespace lyceum::tools
