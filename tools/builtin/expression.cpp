#include "tools/builtin/expression.hpp"

#include <cctype>
#include <charconv>
#include <cmath>
#include <numbers>

namespace lyceum::tools {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxArguments = 32;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Number> parse() {
    TRY(Number value, sum());
    skip_space();
    if (at_ != text_.size())
      return fail("expected an operator or the end, not \"" + std::string(1, text_[at_]) + "\"");
    return value;
  }

 private:
  Error fail(const std::string& why) const {
    return {Errc::invalid_argument, "expression, position " + std::to_string(at_ + 1) + ": " + why};
  }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }

  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  std::string_view peek_name() {
    skip_space();
    std::size_t end = at_;
    while (end < text_.size() && std::isalpha(static_cast<unsigned char>(text_[end])) != 0) ++end;
    return text_.substr(at_, end - at_);
  }

  Result<Number> finite(Number value) const {
    if (!std::isfinite(real(value))) return fail("the result is not a finite number");
    return value;
  }

  Result<Number> sum() {
    TRY(Number value, product());
    for (;;) {
      if (take('+')) {
        TRY(const Number right, product());
        value = add(value, right);
      } else if (take('-')) {
        TRY(const Number right, product());
        value = subtract(value, right);
      } else {
        return finite(value);
      }
    }
  }

  Result<Number> product() {
    TRY(Number value, unary());
    for (;;) {
      if (take('*')) {
        TRY(const Number right, unary());
        value = multiply(value, right);
      } else if (peek_name() == "of") {
        at_ += 2;
        TRY(const Number right, unary());
        value = multiply(value, right);
      } else if (peek() == '/' || peek() == '%') {
        const char op = text_[at_++];
        TRY(const Number right, unary());
        if (real(right) == 0) return fail("division by zero");
        value = op == '/' ? divide(value, right) : remainder(value, right);
      } else {
        return finite(value);
      }
    }
  }

  Result<Number> unary() {
    if (++depth_ > kMaxDepth) return fail("nested deeper than " + std::to_string(kMaxDepth));
    Result<Number> value = signed_power();
    --depth_;
    return value;
  }

  Result<Number> signed_power() {
    if (take('+')) return unary();
    if (take('-')) {
      TRY(const Number value, unary());
      return subtract(std::int64_t{0}, value);
    }
    TRY(const Number base, postfix());
    if (!take('^')) return base;
    TRY(const Number exponent, unary());
    return finite(power(base, exponent));
  }

  /// Whether what follows a percent sign is an operand, which makes the sign a remainder.
  bool operand_follows(std::size_t at) const {
    while (at < text_.size() && std::isspace(static_cast<unsigned char>(text_[at])) != 0) ++at;
    if (at >= text_.size()) return false;
    const auto c = static_cast<unsigned char>(text_[at]);
    const bool is_of =
        text_.substr(at, 2) == "of" &&
        (at + 2 == text_.size() || std::isalpha(static_cast<unsigned char>(text_[at + 2])) == 0);
    return std::isdigit(c) != 0 || c == '.' || c == '(' || (std::isalpha(c) != 0 && !is_of);
  }

  Result<Number> postfix() {
    TRY(Number value, atom());
    while (peek() == '%' && !operand_follows(at_ + 1)) {
      ++at_;
      value = divide(value, std::int64_t{100});
    }
    return value;
  }

  Result<Number> atom() {
    if (take('(')) {
      TRY(const Number value, sum());
      if (!take(')')) return fail("expected \")\"");
      return value;
    }
    if (const std::string_view name = peek_name(); !name.empty()) return named(name);
    return number();
  }

  Result<Number> number() {
    skip_space();
    if (at_ >= text_.size()) return fail("expected a number, not the end");
    const char* first = text_.data() + at_;
    const char* last = text_.data() + text_.size();
    if (*first != '.' && std::isdigit(static_cast<unsigned char>(*first)) == 0) {
      return fail("expected a number, not \"" + std::string(1, *first) + "\"");
    }
    double value = 0;
    const auto [real_end, real_error] = std::from_chars(first, last, value);
    if (real_error == std::errc::result_out_of_range) return fail("the number is too large or too small");
    if (real_error != std::errc{}) return fail("not a number");
    std::int64_t whole = 0;
    const auto [whole_end, whole_error] = std::from_chars(first, last, whole);
    at_ += static_cast<std::size_t>(real_end - first);
    if (whole_error == std::errc{} && whole_end == real_end) return Number{whole};
    return Number{value};
  }

  Result<Number> named(std::string_view name) {
    const std::size_t start = at_;
    at_ += name.size();
    if (peek() != '(') {
      if (name == "pi") return Number{std::numbers::pi};
      if (name == "e") return Number{std::numbers::e};
      at_ = start;
      return fail("unknown name \"" + std::string(name.substr(0, 20)) + "\"");
    }
    ++at_;
    std::vector<Number> arguments;
    do {
      if (arguments.size() == kMaxArguments)
        return fail("more than " + std::to_string(kMaxArguments) + " arguments");
      TRY(Number argument, sum());
      arguments.push_back(argument);
    } while (take(','));
    if (!take(')')) return fail("expected \",\" or \")\"");
    auto value = call_function(name, arguments);
    if (!value) {
      at_ = start;
      return fail(value.error().message);
    }
    return finite(*value);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<Number> evaluate(std::string_view expression) {
  if (expression.size() > kMaxExpressionBytes) {
    return Error{Errc::invalid_argument,
                 "expression: longer than " + std::to_string(kMaxExpressionBytes) + " bytes"};
  }
  return Parser(expression).parse();
}

}  // namespace lyceum::tools
