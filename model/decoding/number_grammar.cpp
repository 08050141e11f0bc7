#include "model/decoding/number_grammar.hpp"

#include <algorithm>
#include <string>

#include "base/check.hpp"

namespace lyceum::model {
namespace {

ByteSet digit_set(char first, char last) {
  ByteSet set;
  for (char digit = first; digit <= last; ++digit) set.set(static_cast<unsigned char>(digit));
  return set;
}

ByteSet any_digit() {
  return digit_set('0', '9');
}

/// Texts of equal length between `first` and `last`, in their order. The paths that hug a bound are chains of
/// their own; those that have left both share the chain `free`.
class DigitRange {
 public:
  DigitRange(GrammarBuilder& builder, RuleId rule, std::string first, std::string last, GrammarState to)
      : builder_(builder), rule_(rule), first_(std::move(first)), last_(std::move(last)) {
    free_.assign(first_.size() + 1, to);
    for (std::size_t i = first_.size() - 1; i > 0; --i) {
      free_[i] = builder_.add_state(rule_);
      builder_.add_bytes(free_[i], free_[i + 1], any_digit());
    }
  }

  void add(GrammarState from) { add_hugging(from, 0, true, true); }

 private:
  void add_hugging(GrammarState from, std::size_t at, bool hugs_first, bool hugs_last) {
    const char low = hugs_first ? first_[at] : '0';
    const char high = hugs_last ? last_[at] : '9';
    if (at + 1 == first_.size()) {
      builder_.add_bytes(from, free_.back(), digit_set(low, high));
      return;
    }
    if (hugs_first && hugs_last && low == high) {
      add_hugging(step(from, low), at + 1, true, true);
      return;
    }
    const char inner_low = static_cast<char>(hugs_first ? low + 1 : low);
    const char inner_high = static_cast<char>(hugs_last ? high - 1 : high);
    if (inner_low <= inner_high) {
      builder_.add_bytes(from, free_[at + 1], digit_set(inner_low, inner_high));
    }
    if (hugs_first) add_hugging(step(from, low), at + 1, true, false);
    if (hugs_last) add_hugging(step(from, high), at + 1, false, true);
  }

  GrammarState step(GrammarState from, char digit) {
    const GrammarState next = builder_.add_state(rule_);
    builder_.add_bytes(from, next, digit_set(digit, digit));
    return next;
  }

  GrammarBuilder& builder_;
  RuleId rule_;
  std::string first_;
  std::string last_;
  std::vector<GrammarState> free_{};
};

/// 0 <= first <= last.
void add_natural_numbers(GrammarBuilder& builder, RuleId rule, GrammarState from, GrammarState to,
                         std::uint64_t first, std::uint64_t last) {
  const std::string low = std::to_string(first);
  const std::string high = std::to_string(last);
  for (std::size_t length = low.size(); length <= high.size(); ++length) {
    std::string begin = length == low.size() ? low : "1" + std::string(length - 1, '0');
    std::string end = length == high.size() ? high : std::string(length, '9');
    DigitRange(builder, rule, std::move(begin), std::move(end), to).add(from);
  }
}

/// min to max digits.
void add_digits(GrammarBuilder& builder, RuleId rule, GrammarState from, GrammarState to, std::size_t min,
                std::size_t max) {
  GrammarState at = from;
  for (std::size_t i = 0; i <= max; ++i) {
    if (i >= min) builder.add_jump(at, to);
    if (i == max) break;
    const GrammarState next = builder.add_state(rule);
    builder.add_bytes(at, next, any_digit());
    at = next;
  }
}

/// "." and 1 to `max` digits, or nothing.
void add_fraction(GrammarBuilder& builder, RuleId rule, GrammarState from, GrammarState to, std::size_t max) {
  builder.add_jump(from, to);
  const GrammarState point = builder.add_state(rule);
  builder.add_text(from, point, ".");
  add_digits(builder, rule, point, to, 1, max);
}

void add_exponent_mark(GrammarBuilder& builder, RuleId rule, GrammarState from, GrammarState positive,
                       std::optional<GrammarState> negative) {
  const GrammarState mark = builder.add_state(rule);
  builder.add_bytes(from, mark, ByteSet().set('e').set('E'));
  builder.add_jump(mark, positive);
  builder.add_text(mark, positive, "+");
  if (negative) builder.add_text(mark, *negative, "-");
}

std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
}

struct Magnitudes {
  NumberBound lower{};
  NumberBound upper{};
  std::size_t fraction_digits = 0;
};

/// Unsigned numbers between the bounds, 0 <= lower <= upper.
void add_magnitudes(GrammarBuilder& builder, GrammarState from, GrammarState to, RuleId rule,
                    const Magnitudes& wanted) {
  const auto [lower, upper, max] = wanted;
  const auto number = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  const std::int64_t first = lower.value + (lower.is_exclusive ? 1 : 0);
  if (first < upper.value) {
    const GrammarState whole = builder.add_state(rule);
    add_natural_numbers(builder, rule, from, whole, number(first), number(upper.value) - 1);
    add_fraction(builder, rule, whole, to, max);
  }
  if (lower.is_exclusive && lower.value < upper.value) {
    // A digit that is not 0 among at most `max`: zeros, that digit, any digits.
    GrammarState at = builder.add_state(rule);
    builder.add_text(from, at, std::to_string(lower.value) + ".");
    for (std::size_t i = 0; i < max; ++i) {
      const GrammarState counted = builder.add_state(rule);
      builder.add_bytes(at, counted, digit_set('1', '9'));
      add_digits(builder, rule, counted, to, 0, max - i - 1);
      const GrammarState zero = builder.add_state(rule);
      builder.add_text(at, zero, "0");
      at = zero;
    }
  }
  if (!upper.is_exclusive && (lower.value < upper.value || !lower.is_exclusive)) {
    const GrammarState whole = builder.add_state(rule);
    builder.add_text(from, whole, std::to_string(upper.value));
    builder.add_jump(whole, to);
    const GrammarState zeros = builder.add_state(rule);
    builder.add_text(whole, zeros, ".");
    GrammarState at = zeros;
    for (std::size_t i = 0; i < max; ++i) {
      const GrammarState zero = builder.add_state(rule);
      builder.add_text(at, zero, "0");
      builder.add_jump(zero, to);
      at = zero;
    }
  }
}

}  // namespace

void add_integers(GrammarBuilder& builder, GrammarState from, GrammarState to, std::int64_t first,
                  std::int64_t last) {
  LYCEUM_CHECK(first <= last);
  const RuleId rule = builder.add_rule("an integer", 0);
  builder.add_call(from, to, rule);
  from = builder.start_of(rule);
  to = builder.end_of(rule);
  if (first < 0) {
    const GrammarState minus = builder.add_state(rule);
    builder.add_text(from, minus, "-");
    const std::uint64_t smallest = last < 0 ? magnitude(last) : 1;
    add_natural_numbers(builder, rule, minus, to, smallest, magnitude(first));
  }
  if (last >= 0) {
    const std::uint64_t smallest = first > 0 ? static_cast<std::uint64_t>(first) : 0;
    add_natural_numbers(builder, rule, from, to, smallest, static_cast<std::uint64_t>(last));
  }
}

void add_number(GrammarBuilder& builder, GrammarState from, GrammarState to) {
  constexpr std::size_t kDigits = 20;
  const RuleId rule = builder.add_rule("a number", 0);
  builder.add_call(from, to, rule);
  const GrammarState end = builder.end_of(rule);
  const GrammarState sign = builder.add_state(rule);
  builder.add_jump(builder.start_of(rule), sign);
  builder.add_text(builder.start_of(rule), sign, "-");

  const GrammarState whole = builder.add_state(rule);
  builder.add_text(sign, whole, "0");
  const GrammarState leading = builder.add_state(rule);
  builder.add_bytes(sign, leading, digit_set('1', '9'));
  add_digits(builder, rule, leading, whole, 0, kDigits - 1);
  const GrammarState mantissa = builder.add_state(rule);
  add_fraction(builder, rule, whole, mantissa, kDigits);
  builder.add_jump(mantissa, end);
  const GrammarState positive = builder.add_state(rule);
  const GrammarState negative = builder.add_state(rule);
  add_exponent_mark(builder, rule, mantissa, positive, negative);
  add_digits(builder, rule, positive, end, 1, 2);
  add_digits(builder, rule, negative, end, 1, 3);

  // Exponents of three digits only after one digit before the point: 9.9e307 is still finite.
  const GrammarState one_digit = builder.add_state(rule);
  builder.add_bytes(sign, one_digit, any_digit());
  const GrammarState small_mantissa = builder.add_state(rule);
  add_fraction(builder, rule, one_digit, small_mantissa, kDigits);
  const GrammarState large = builder.add_state(rule);
  add_exponent_mark(builder, rule, small_mantissa, large, std::nullopt);
  add_natural_numbers(builder, rule, large, end, 100, 307);
}

void add_bounded_number(GrammarBuilder& builder, GrammarState from, GrammarState to,
                        std::optional<NumberBound> lower, std::optional<NumberBound> upper) {
  const RuleId rule = builder.add_rule("a number with bounds", 0);
  builder.add_call(from, to, rule);
  from = builder.start_of(rule);
  to = builder.end_of(rule);
  std::uint64_t largest = 0;
  if (lower) largest = magnitude(lower->value);
  if (upper) largest = std::max(largest, magnitude(upper->value));
  LYCEUM_CHECK(largest <= static_cast<std::uint64_t>(kMaxNumberBound));
  const std::size_t fraction_digits = 15 - std::to_string(largest).size();
  const NumberBound low = lower.value_or(NumberBound{.value = -kMaxNumberBound});
  const NumberBound high = upper.value_or(NumberBound{.value = kMaxNumberBound});

  if (high.value >= 0) {
    const NumberBound smallest = low.value >= 0 ? low : NumberBound();
    add_magnitudes(builder, from, to, rule,
                   {.lower = smallest, .upper = high, .fraction_digits = fraction_digits});
  }
  if (low.value < 0) {
    const GrammarState minus = builder.add_state(rule);
    builder.add_text(from, minus, "-");
    const NumberBound smallest = high.value < 0
                                     ? NumberBound{.value = -high.value, .is_exclusive = high.is_exclusive}
                                     : NumberBound{.is_exclusive = true};
    const NumberBound largest_bound{.value = -low.value, .is_exclusive = low.is_exclusive};
    add_magnitudes(builder, minus, to, rule,
                   {.lower = smallest, .upper = largest_bound, .fraction_digits = fraction_digits});
  }
}

}  // namespace lyceum::model
