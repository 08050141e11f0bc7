#include "model/decoding/grammar.hpp"

#include <algorithm>

#include "model/decoding/grammar_check.hpp"

namespace lyceum::model {

RuleId GrammarBuilder::add_rule(std::string name, std::uint32_t levels) {
  const auto rule = static_cast<RuleId>(grammar_.rules.size());
  grammar_.rules.push_back({.name = std::move(name), .levels = levels});
  grammar_.rules[rule].start = add_state(rule);
  grammar_.states.push_back({.rule = rule});
  grammar_.rules[rule].end = static_cast<GrammarState>(grammar_.states.size() - 1);
  return rule;
}

GrammarState GrammarBuilder::add_state(RuleId rule) {
  if (grammar_.states.size() >= kMaxGrammarStates) {
    is_too_large_ = true;
    return grammar_.rules[rule].start;
  }
  grammar_.states.push_back({.rule = rule});
  return static_cast<GrammarState>(grammar_.states.size() - 1);
}

void GrammarBuilder::add_jump(GrammarState from, GrammarState to) {
  grammar_.states[from].edges.push_back({.kind = Grammar::EdgeKind::nothing, .target = to});
}

void GrammarBuilder::add_bytes(GrammarState from, GrammarState to, const ByteSet& bytes) {
  auto& sets = grammar_.byte_sets;
  const auto found = std::find(sets.begin(), sets.end(), bytes);
  const auto label = static_cast<std::uint32_t>(found - sets.begin());
  if (found == sets.end()) sets.push_back(bytes);
  grammar_.states[from].edges.push_back({.kind = Grammar::EdgeKind::bytes, .label = label, .target = to});
}

void GrammarBuilder::add_call(GrammarState from, GrammarState to, RuleId rule) {
  grammar_.states[from].edges.push_back({.kind = Grammar::EdgeKind::call, .label = rule, .target = to});
}

void GrammarBuilder::add_characters(GrammarState from, GrammarState to, const CharacterSet& characters) {
  const RuleId rule = grammar_.states[from].rule;
  for (const ByteRanges& row : utf8_ranges(characters)) {
    GrammarState at = from;
    for (std::size_t i = 0; i < row.size(); ++i) {
      ByteSet bytes;
      for (unsigned byte = row[i].first; byte <= row[i].last; ++byte) bytes.set(byte);
      const GrammarState next = i + 1 == row.size() ? to : add_state(rule);
      add_bytes(at, next, bytes);
      at = next;
    }
  }
}

void GrammarBuilder::add_text(GrammarState from, GrammarState to, std::string_view bytes) {
  if (bytes.empty()) add_jump(from, to);
  const RuleId rule = grammar_.states[from].rule;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const GrammarState next = i + 1 == bytes.size() ? to : add_state(rule);
    add_bytes(from, next, ByteSet().set(static_cast<unsigned char>(bytes[i])));
    from = next;
  }
}

void GrammarBuilder::add_item(GrammarState from, GrammarState to, const Item& item) {
  if (const auto* bytes = std::get_if<ByteSet>(&item)) {
    add_bytes(from, to, *bytes);
  } else {
    add_call(from, to, std::get<RuleId>(item));
  }
}

void GrammarBuilder::add_repeat(GrammarState from, GrammarState to, const Item& item, std::uint32_t min,
                                std::optional<std::uint32_t> max) {
  const std::uint32_t last = max.value_or(min);
  if (grammar_.states.size() + last + 1 > kMaxGrammarStates) {
    is_too_large_ = true;
    return;
  }
  const RuleId rule = grammar_.states[from].rule;
  const auto first = static_cast<GrammarState>(grammar_.states.size());
  for (std::uint32_t i = 0; i <= last; ++i) add_state(rule);
  add_jump(from, first);
  for (std::uint32_t i = 0; i < last; ++i) add_item(first + i, first + i + 1, item);
  for (std::uint32_t i = min; i <= last; ++i) add_jump(first + i, to);
  if (!max) add_item(first + last, first + last, item);
  grammar_.chains.push_back({.first = first, .min = min, .max = max});
}

Result<Grammar> GrammarBuilder::finish(RuleId root, std::uint32_t levels_max) {
  if (is_too_large_) {
    return Error{Errc::too_large, "the grammar has more than " + std::to_string(kMaxGrammarStates) +
                                      " states; lower its counts and lengths"};
  }
  grammar_.root = root;
  grammar_.levels_max = levels_max;
  TRY_OK(check_grammar(grammar_));
  return std::move(grammar_);
}

}  // namespace lyceum::model
