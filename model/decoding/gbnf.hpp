#pragma once

#include <string_view>

#include "base/result.hpp"
#include "model/decoding/grammar.hpp"

namespace lyceum::model {

/// Nested rules within one text; what would go deeper is not allowed.
inline constexpr std::uint32_t kMaxGbnfLevels = 512;

/// Reads GBNF as llama.cpp's grammars/README.md describes it: rules `name ::= alternatives` with "text",
/// [classes], `.`, (groups), references, * + ? {n} {n,} {n,m}, and # comments. Errors: grammar_constraint's.
Result<Grammar> parse_gbnf(std::string_view text);

}  // namespace lyceum::model
