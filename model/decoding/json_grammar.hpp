#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/decoding/expression.hpp"
#include "model/decoding/grammar.hpp"

/// The parts of JSON as dump_json writes them, with an optional space after ',' and ':'.
namespace lyceum::model {

/// One character of a string: itself, or the escape that it needs.
void write_in_string(GrammarBuilder& builder, GrammarState from, GrammarState to,
                     const CharacterSet& characters);

/// A string of min to max characters, quotes around it.
void add_string(GrammarBuilder& builder, GrammarState from, GrammarState to, std::uint32_t min,
                std::optional<std::uint32_t> max);

/// A string that `content` matches.
void add_string(GrammarBuilder& builder, GrammarState from, GrammarState to, const Expression& content);

/// Any string but these.
void add_string_except(GrammarBuilder& builder, GrammarState from, GrammarState to,
                       const std::vector<std::string>& excluded);

/// This value and no other.
void add_value(GrammarBuilder& builder, GrammarState from, GrammarState to, const Json& value);

/// ',' or ':' with its optional space.
void add_separator(GrammarBuilder& builder, GrammarState from, GrammarState to, char separator);

/// A rule for any value at all, with rules for any array and any object.
struct AnyValue {
  RuleId value = 0;
  RuleId array = 0;
  RuleId object = 0;
};

AnyValue add_any_value(GrammarBuilder& builder);

}  // namespace lyceum::model
