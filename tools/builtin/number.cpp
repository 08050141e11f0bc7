#include "tools/builtin/number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace lyceum::tools {
namespace {

const std::int64_t* integer(const Number& number) {
  return std::get_if<std::int64_t>(&number);
}

/// A double that is a whole number of at most 2^53 goes back to an integer.
Number exact(double value) {
  constexpr double kMaxExactInteger = 9007199254740992.0;
  if (std::trunc(value) == value && std::abs(value) <= kMaxExactInteger)
    return static_cast<std::int64_t>(value);
  return value;
}

/// The smallest integer divided by -1 does not fit, so -1 takes the way of doubles.
bool divides_exactly(const Number& a, const Number& b) {
  return integer(a) != nullptr && integer(b) != nullptr && *integer(b) != -1 &&
         *integer(a) % *integer(b) == 0;
}

Error bad_call(std::string_view name, const std::string& why) {
  return {Errc::invalid_argument, std::string(name.substr(0, 20)) + ": " + why};
}

Number extreme(std::string_view name, const std::vector<Number>& arguments) {
  const auto less = [](const Number& a, const Number& b) { return real(a) < real(b); };
  return name == "min" ? *std::min_element(arguments.begin(), arguments.end(), less)
                       : *std::max_element(arguments.begin(), arguments.end(), less);
}

Result<Number> logarithm(std::string_view name, const std::vector<Number>& arguments) {
  const double x = real(arguments[0]);
  if (x <= 0) return bad_call(name, "defined for positive numbers only");
  if (name == "ln") return exact(std::log(x));
  if (arguments.size() == 1) return exact(std::log10(x));
  const double base = real(arguments[1]);
  if (base <= 0 || base == 1) return bad_call(name, "the base must be positive and not 1");
  return exact(std::log(x) / std::log(base));
}

/// round(x, digits): `digits` decimals, from -15 to 15.
Result<Number> round_to(const std::vector<Number>& arguments) {
  if (arguments.size() == 1)
    return integer(arguments[0]) != nullptr ? arguments[0] : exact(std::round(real(arguments[0])));
  const double digits = real(arguments[1]);
  if (std::trunc(digits) != digits || std::abs(digits) > 15)
    return bad_call("round", "digits must be a whole number from -15 to 15");
  const double scale = std::pow(10.0, std::abs(digits));
  const double x = real(arguments[0]);
  return exact(digits >= 0 ? std::round(x * scale) / scale : std::round(x / scale) * scale);
}

Result<Number> call_unary(std::string_view name, const Number& x) {
  if (name == "exp") return exact(std::exp(real(x)));
  if (name == "sqrt") {
    if (real(x) < 0) return bad_call(name, "not defined for negative numbers");
    return exact(std::sqrt(real(x)));
  }
  if (name == "abs") return real(x) < 0 ? subtract(std::int64_t{0}, x) : x;
  if (integer(x) != nullptr) return x;
  return exact(name == "floor" ? std::floor(real(x)) : std::ceil(real(x)));
}

struct Function {
  std::string_view name{};
  std::size_t num_least = 1;
  std::size_t num_most = 1;
};

constexpr std::array<Function, 10> kFunctions{{{"sqrt", 1, 1},
                                               {"abs", 1, 1},
                                               {"min", 1, 32},
                                               {"max", 1, 32},
                                               {"round", 1, 2},
                                               {"floor", 1, 1},
                                               {"ceil", 1, 1},
                                               {"log", 1, 2},
                                               {"ln", 1, 1},
                                               {"exp", 1, 1}}};

}  // namespace

double real(const Number& number) {
  return std::visit([](auto value) { return static_cast<double>(value); }, number);
}

Number add(const Number& a, const Number& b) {
  std::int64_t sum = 0;
  if (integer(a) != nullptr && integer(b) != nullptr &&
      !__builtin_add_overflow(*integer(a), *integer(b), &sum))
    return sum;
  return real(a) + real(b);
}

Number subtract(const Number& a, const Number& b) {
  std::int64_t difference = 0;
  if (integer(a) != nullptr && integer(b) != nullptr &&
      !__builtin_sub_overflow(*integer(a), *integer(b), &difference)) {
    return difference;
  }
  return real(a) - real(b);
}

Number multiply(const Number& a, const Number& b) {
  std::int64_t product = 0;
  if (integer(a) != nullptr && integer(b) != nullptr &&
      !__builtin_mul_overflow(*integer(a), *integer(b), &product))
    return product;
  return real(a) * real(b);
}

Number divide(const Number& a, const Number& b) {
  if (divides_exactly(a, b)) return *integer(a) / *integer(b);
  return exact(real(a) / real(b));
}

Number remainder(const Number& a, const Number& b) {
  if (integer(a) != nullptr && integer(b) != nullptr)
    return *integer(b) == -1 ? Number{std::int64_t{0}} : *integer(a) % *integer(b);
  return std::fmod(real(a), real(b));
}

Number power(const Number& base, const Number& exponent) {
  const std::int64_t* whole = integer(exponent);
  if (integer(base) == nullptr || whole == nullptr || *whole < 0 || *whole > 1024)
    return std::pow(real(base), real(exponent));
  Number result = std::int64_t{1};
  for (std::int64_t i = 0; i < *whole && integer(result) != nullptr; ++i) result = multiply(result, base);
  return integer(result) != nullptr ? result : Number{std::pow(real(base), real(exponent))};
}

Result<Number> call_function(std::string_view name, const std::vector<Number>& arguments) {
  const auto* function = std::find_if(kFunctions.begin(), kFunctions.end(),
                                      [&](const Function& known) { return known.name == name; });
  if (function == kFunctions.end()) return bad_call(name, "unknown function");
  if (arguments.size() < function->num_least || arguments.size() > function->num_most) {
    return bad_call(
        name,
        "takes " + std::to_string(function->num_least) +
            (function->num_most > function->num_least ? " to " + std::to_string(function->num_most) : "") +
            " arguments, not " + std::to_string(arguments.size()));
  }
  if (name == "min" || name == "max") return extreme(name, arguments);
  if (name == "ln" || name == "log") return logarithm(name, arguments);
  if (name == "round") return round_to(arguments);
  return call_unary(name, arguments[0]);
}

std::string to_text(const Number& number) {
  if (integer(number) != nullptr) return std::to_string(*integer(number));
  std::array<char, 64> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), real(number),
                                          std::chars_format::general, 15);
  return error == std::errc{} ? std::string(digits.data(), end) : std::string("not a number");
}

}  // namespace lyceum::tools
