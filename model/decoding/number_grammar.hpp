#pragma once

#include <cstdint>
#include <optional>

#include "model/decoding/grammar.hpp"

namespace lyceum::model {

/// The integers first..last in decimal, without leading zeros and without "-0". first <= last.
void add_integers(GrammarBuilder& builder, GrammarState from, GrammarState to, std::int64_t first,
                  std::int64_t last);

/// A JSON number with at most 20 digits before the point, 20 after it, and below 1e308, so that every one is
/// a finite double.
void add_number(GrammarBuilder& builder, GrammarState from, GrammarState to);

struct NumberBound {
  std::int64_t value = 0;
  bool is_exclusive = false;
};

/// The largest bound, either way, of add_bounded_number.
inline constexpr std::int64_t kMaxNumberBound = 99'999'999'999'999;

/// Numbers between the bounds, without an exponent and with so few digits (15 with those of a bound) that
/// rounding to double does not take them over one. The bounds are at most kMaxNumberBound, and some number
/// lies between them.
void add_bounded_number(GrammarBuilder& builder, GrammarState from, GrammarState to,
                        std::optional<NumberBound> lower, std::optional<NumberBound> upper);

}  // namespace lyceum::model
