#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/decoding/grammar.hpp"

namespace lyceum::model {

/// Largest count in a repetition.
inline constexpr std::uint32_t kMaxRepeat = 100'000;
/// Deepest nesting of groups that parsers of expressions accept: they and what follows recurse.
inline constexpr int kMaxGroupDepth = 64;

/// A part of a grammar or a pattern as it was written.
struct Expression {
  enum class Kind : std::uint8_t { characters, sequence, choice, repeat, rule };

  Kind kind = Kind::sequence;       ///< An empty sequence matches the empty text
  CharacterSet characters{};        ///< One of them
  std::vector<Expression> parts{};  ///< Of a sequence or a choice; the one that is repeated
  std::uint32_t min = 0;            ///< Of a repetition
  std::optional<std::uint32_t> max{};
  RuleId rule = 0;

  static Expression of(CharacterSet characters);
  static Expression repeated(Expression item, std::uint32_t min, std::optional<std::uint32_t> max);
};

/// How one character of a set is written: as it is, or as within a JSON string.
using CharacterWriter = void (*)(GrammarBuilder& builder, GrammarState from, GrammarState to,
                                 const CharacterSet& characters);
void write_plain(GrammarBuilder& builder, GrammarState from, GrammarState to, const CharacterSet& characters);

/// Adds the expression between two states of `rule`. `levels` is for the rules that counted parts become.
struct ExpressionContext {
  RuleId rule = 0;
  std::uint32_t levels = 0;
  CharacterWriter write = write_plain;
};

void add_expression(GrammarBuilder& builder, const ExpressionContext& context, GrammarState from,
                    GrammarState to, const Expression& expression);

}  // namespace lyceum::model
