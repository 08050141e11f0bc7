#include "model/decoding/grammar_check.hpp"

#include <algorithm>
#include <unordered_set>

namespace lyceum::model {
namespace {

using EdgeKind = Grammar::EdgeKind;

Error bad_grammar(const std::string& why) {
  return {Errc::invalid_argument, why};
}

/// Call sites and predecessors, to walk edges backwards.
class Backwards {
 public:
  explicit Backwards(const Grammar& grammar) : before_(grammar.states.size()), calls_(grammar.rules.size()) {
    for (GrammarState from = 0; from < grammar.states.size(); ++from) {
      for (const auto& edge : grammar.states[from].edges) {
        before_[edge.target].push_back(from);
        if (edge.kind == EdgeKind::call) calls_[edge.label].push_back(from);
      }
    }
  }

  /// Calls visit(state) for all states with an edge into `state` or a call of the rule that begins there.
  template <class Visit>
  void for_each_user(const Grammar& grammar, GrammarState state, Visit visit) const {
    for (const GrammarState user : before_[state]) visit(user);
    const RuleId rule = grammar.states[state].rule;
    if (grammar.rules[rule].start != state) return;
    for (const GrammarState user : calls_[rule]) visit(user);
  }

 private:
  std::vector<std::vector<GrammarState>> before_;
  std::vector<std::vector<GrammarState>> calls_;
};

/// The rules that texts of the root can call.
std::vector<bool> rules_in_use(const Grammar& grammar) {
  std::vector<bool> in_use(grammar.rules.size());
  std::vector<bool> seen(grammar.states.size());
  std::vector<GrammarState> open;
  const auto visit = [&](GrammarState state) {
    if (!seen[state]) open.push_back(state);
    seen[state] = true;
  };
  const auto use = [&](RuleId rule) {
    in_use[rule] = true;
    visit(grammar.rules[rule].start);
  };
  use(grammar.root);
  while (!open.empty()) {
    const GrammarState state = open.back();
    open.pop_back();
    for (const auto& edge : grammar.states[state].edges) {
      visit(edge.target);
      if (edge.kind == EdgeKind::call) use(edge.label);
    }
  }
  return in_use;
}

/// States from which the rule's end is reached without a byte.
std::vector<bool> states_that_may_be_empty(const Grammar& grammar, const Backwards& backwards) {
  std::vector<bool> may_be_empty(grammar.states.size());
  std::vector<GrammarState> open;
  for (const auto& rule : grammar.rules) {
    may_be_empty[rule.end] = true;
    open.push_back(rule.end);
  }
  while (!open.empty()) {
    const GrammarState state = open.back();
    open.pop_back();
    backwards.for_each_user(grammar, state, [&](GrammarState user) {
      if (may_be_empty[user]) return;
      for (const auto& edge : grammar.states[user].edges) {
        if (edge.kind == EdgeKind::bytes || !may_be_empty[edge.target]) continue;
        if (edge.kind == EdgeKind::call && !may_be_empty[grammar.rules[edge.label].start]) continue;
        may_be_empty[user] = true;
        open.push_back(user);
        return;
      }
    });
  }
  return may_be_empty;
}

/// The rules that `rule` can call before it has read a byte.
std::vector<RuleId> first_calls(const Grammar& grammar, RuleId rule, const std::vector<bool>& may_be_empty) {
  std::vector<RuleId> calls;
  std::vector<GrammarState> open = {grammar.rules[rule].start};
  std::unordered_set<GrammarState> seen(open.begin(), open.end());
  const auto visit = [&](GrammarState state) {
    if (seen.insert(state).second) open.push_back(state);
  };
  while (!open.empty()) {
    const GrammarState state = open.back();
    open.pop_back();
    for (const auto& edge : grammar.states[state].edges) {
      if (edge.kind == EdgeKind::nothing) visit(edge.target);
      if (edge.kind != EdgeKind::call) continue;
      calls.push_back(edge.label);
      if (may_be_empty[grammar.rules[edge.label].start]) visit(edge.target);
    }
  }
  return calls;
}

Result<void> refuse_left_recursion(const Grammar& grammar, const std::vector<bool>& in_use,
                                   const std::vector<bool>& may_be_empty) {
  enum class Mark : std::uint8_t { fresh, open, done };

  struct Visit {
    RuleId rule = 0;
    std::vector<RuleId> calls{};
  };

  std::vector<Mark> marks(grammar.rules.size());
  for (RuleId first = 0; first < grammar.rules.size(); ++first) {
    if (!in_use[first] || marks[first] != Mark::fresh) continue;
    std::vector<Visit> path;
    const auto enter = [&](RuleId rule) {
      marks[rule] = Mark::open;
      path.push_back({.rule = rule, .calls = first_calls(grammar, rule, may_be_empty)});
    };
    enter(first);
    while (!path.empty()) {
      if (path.back().calls.empty()) {
        marks[path.back().rule] = Mark::done;
        path.pop_back();
        continue;
      }
      const RuleId callee = path.back().calls.back();
      path.back().calls.pop_back();
      if (marks[callee] == Mark::open) {
        return bad_grammar(grammar.rules[callee].name + ": refers to itself before it reads anything" +
                           " (left recursion, last through " + grammar.rules[path.back().rule].name + ")");
      }
      if (marks[callee] == Mark::fresh) enter(callee);
    }
  }
  return ok();
}

void mark_tails(Grammar& grammar) {
  for (const auto& rule : grammar.rules) grammar.states[rule.end].is_tail = true;
  for (GrammarState start = 0; start < grammar.states.size(); ++start) {
    std::vector<GrammarState> path;
    GrammarState at = start;
    while (!grammar.states[at].is_tail && grammar.states[at].edges.size() == 1 && path.size() < 16 &&
           grammar.states[at].edges.front().kind == EdgeKind::nothing) {
      path.push_back(at);
      at = grammar.states[at].edges.front().target;
    }
    if (!grammar.states[at].is_tail) continue;
    for (const GrammarState state : path) grammar.states[state].is_tail = true;
  }
}

/// The least over the state's edges of what the rest needs.
std::uint32_t levels_needed(const Grammar& grammar, GrammarState state) {
  constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t least = kNever;
  for (const auto& edge : grammar.states[state].edges) {
    const auto& target = grammar.states[edge.target];
    std::uint32_t needed = target.levels_needed;
    if (edge.kind == EdgeKind::call && needed != kNever) {
      const std::uint32_t callee = grammar.states[grammar.rules[edge.label].start].levels_needed;
      const std::uint32_t pushed = target.is_tail ? 0 : grammar.rules[target.rule].levels;
      needed = callee == kNever ? kNever : std::max(needed, callee + pushed);
    }
    least = std::min(least, needed);
  }
  return least;
}

void fill_levels(Grammar& grammar, const Backwards& backwards) {
  std::vector<GrammarState> open;
  for (const auto& rule : grammar.rules) {
    grammar.states[rule.end].levels_needed = 0;
    open.push_back(rule.end);
  }
  while (!open.empty()) {
    const GrammarState state = open.back();
    open.pop_back();
    backwards.for_each_user(grammar, state, [&](GrammarState user) {
      const std::uint32_t needed = levels_needed(grammar, user);
      if (needed >= grammar.states[user].levels_needed) return;
      grammar.states[user].levels_needed = needed;
      open.push_back(user);
    });
  }
}

}  // namespace

Result<void> check_grammar(Grammar& grammar) {
  const Backwards backwards(grammar);
  const auto in_use = rules_in_use(grammar);
  const auto may_be_empty = states_that_may_be_empty(grammar, backwards);
  TRY_OK(refuse_left_recursion(grammar, in_use, may_be_empty));
  mark_tails(grammar);
  fill_levels(grammar, backwards);
  for (RuleId rule = 0; rule < grammar.rules.size(); ++rule) {
    if (!in_use[rule]) continue;
    if (grammar.states[grammar.rules[rule].start].levels_needed > grammar.levels_max) {
      return bad_grammar(grammar.rules[rule].name + ": cannot end: no finite text satisfies it");
    }
  }
  std::erase_if(grammar.chains, [&](const Grammar::Chain& chain) {
    for (const auto& edge : grammar.states[chain.first].edges) {
      if (edge.kind == EdgeKind::call && may_be_empty[grammar.rules[edge.label].start]) return true;
    }
    return false;
  });
  return ok();
}

}  // namespace lyceum::model
