#pragma once

#include <string>

#include "base/result.hpp"
#include "model/decoding/expression.hpp"

namespace lyceum::model {

inline constexpr std::size_t kMaxPatternBytes = 4096;

/// The strings that an ECMAScript pattern finds a match in. Known: characters, `.`, classes, \d \w \s and
/// their opposites, groups, |, greedy and lazy repetitions, ^ and $ at the ends of the whole pattern's
/// alternatives. unsupported for look-around, back references, \b and \p; malformed, with the byte.
Result<Expression> parse_pattern(const std::string& pattern);

}  // namespace lyceum::model
