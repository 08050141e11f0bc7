#pragma once

#include <bitset>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "model/decoding/character_set.hpp"

namespace lyceum::model {

using ByteSet = std::bitset<256>;
using GrammarState = std::uint32_t;
using RuleId = std::uint32_t;

inline constexpr std::size_t kMaxGrammarStates = 400'000;

/// A context-free language over bytes as a recursive transition network: one automaton a rule, whose edges
/// read a byte, read nothing, or call a rule. Sound: `GrammarBuilder::finish` has checked it.
struct Grammar {
  enum class EdgeKind : std::uint8_t { nothing, bytes, call };

  struct Edge {
    EdgeKind kind = EdgeKind::nothing;
    std::uint32_t label = 0;  ///< Index of the byte set, or the rule
    GrammarState target = 0;
  };

  struct State {
    RuleId rule = 0;
    std::vector<Edge> edges{};
    /// What the stack must at least still hold, in levels, to get from here to the rule's end.
    std::uint32_t levels_needed = std::numeric_limits<std::uint32_t>::max();
    bool is_tail = false;  ///< Nothing but the rule's end follows: a call before it needs no return
  };

  struct Rule {
    std::string name{};
    GrammarState start = 0;
    GrammarState end = 0;      ///< Has no edges
    std::uint32_t levels = 0;  ///< What a call out of this rule adds to the nesting
  };

  /// States first .. first + max (first + min where there is no max) of a counted repetition whose items read
  /// at least one byte. Far from both bounds they cannot be told apart by a short text.
  struct Chain {
    GrammarState first = 0;
    std::uint32_t min = 0;
    std::optional<std::uint32_t> max{};
  };

  std::vector<State> states{};
  std::vector<Rule> rules{};
  std::vector<ByteSet> byte_sets{};
  std::vector<Chain> chains{};
  RuleId root = 0;
  std::uint32_t levels_max = 0;
};

/// Puts a grammar together. Going over kMaxGrammarStates is remembered and reported by finish().
class GrammarBuilder {
 public:
  using Item = std::variant<ByteSet, RuleId>;

  /// `levels`: what a call out of this rule adds to the nesting, which finish() bounds.
  RuleId add_rule(std::string name, std::uint32_t levels);

  GrammarState start_of(RuleId rule) const { return grammar_.rules[rule].start; }

  GrammarState end_of(RuleId rule) const { return grammar_.rules[rule].end; }

  RuleId rule_of(GrammarState state) const { return grammar_.states[state].rule; }

  GrammarState add_state(RuleId rule);
  void add_jump(GrammarState from, GrammarState to);
  void add_bytes(GrammarState from, GrammarState to, const ByteSet& bytes);
  void add_call(GrammarState from, GrammarState to, RuleId rule);
  void add_characters(GrammarState from, GrammarState to, const CharacterSet& characters);
  void add_text(GrammarState from, GrammarState to, std::string_view bytes);
  /// min to max items (no bound without max), each one edge. Items must not match the empty text unless
  /// `is_counted` is false, which makes no chain.
  void add_repeat(GrammarState from, GrammarState to, const Item& item, std::uint32_t min,
                  std::optional<std::uint32_t> max);

  bool is_too_large() const { return is_too_large_; }

  /// Errors: too_large; invalid_argument for left recursion and for rules in use that no finite text
  /// satisfies within `levels_max` nested levels.
  Result<Grammar> finish(RuleId root, std::uint32_t levels_max);

 private:
  void add_item(GrammarState from, GrammarState to, const Item& item);

  Grammar grammar_{};
  bool is_too_large_ = false;
};

}  // namespace lyceum::model
