#include "model/decoding/grammar_completion.hpp"

#include <functional>
#include <queue>
#include <utility>

namespace lyceum::model {
namespace {

using EdgeKind = Grammar::EdgeKind;

struct EdgeRef {
  GrammarState from = 0;
  std::uint32_t edge = 0;
};

char lowest_of(const ByteSet& bytes) {
  std::size_t byte = 0;
  while (!bytes.test(byte)) ++byte;
  return static_cast<char>(byte);
}

}  // namespace

/// Dijkstra's algorithm, backwards from the ends of all rules, as Knuth extended it to grammars ("A
/// generalization of Dijkstra's algorithm", 1977): a call costs what its rule costs.
GrammarCompletion::GrammarCompletion(const Grammar& grammar)
    : grammar_(grammar), ways_(grammar.states.size()) {
  std::vector<std::vector<EdgeRef>> into(grammar.states.size());
  std::vector<std::vector<EdgeRef>> calls(grammar.rules.size());
  for (GrammarState from = 0; from < grammar.states.size(); ++from) {
    const auto& edges = grammar.states[from].edges;
    for (std::uint32_t i = 0; i < edges.size(); ++i) {
      into[edges[i].target].push_back({.from = from, .edge = i});
      if (edges[i].kind == EdgeKind::call) calls[edges[i].label].push_back({.from = from, .edge = i});
    }
  }
  std::priority_queue<std::pair<std::uint32_t, GrammarState>,
                      std::vector<std::pair<std::uint32_t, GrammarState>>, std::greater<>>
      open;
  std::vector<bool> is_settled(grammar.states.size());
  const auto relax = [&](const EdgeRef& ref) {
    const auto& edge = grammar.states[ref.from].edges[ref.edge];
    const std::uint32_t rest = ways_[edge.target].bytes;
    std::uint32_t own = edge.kind == EdgeKind::bytes ? 1 : 0;
    if (edge.kind == EdgeKind::call) own = ways_[grammar.rules[edge.label].start].bytes;
    if (rest == kNever || own == kNever || rest + own > kMaxBytes) return;
    if (rest + own >= ways_[ref.from].bytes) return;
    ways_[ref.from] = {.bytes = rest + own, .edge = ref.edge};
    open.emplace(rest + own, ref.from);
  };
  for (const auto& rule : grammar.rules) {
    ways_[rule.end].bytes = 0;
    open.emplace(0, rule.end);
  }
  while (!open.empty()) {
    const GrammarState state = open.top().second;
    open.pop();
    if (is_settled[state]) continue;
    is_settled[state] = true;
    for (const EdgeRef& ref : into[state]) relax(ref);
    const RuleId rule = grammar.states[state].rule;
    if (grammar.rules[rule].start != state) continue;
    for (const EdgeRef& ref : calls[rule]) relax(ref);
  }
}

void GrammarCompletion::append_to(std::string& text, GrammarState state) const {
  std::vector<GrammarState> path = {state};
  while (!path.empty()) {
    const GrammarState here = path.back();
    path.pop_back();
    const auto& from = grammar_.states[here];
    if (here == grammar_.rules[from.rule].end) continue;
    const auto& edge = from.edges[ways_[here].edge];
    path.push_back(edge.target);
    if (edge.kind == EdgeKind::bytes) text += lowest_of(grammar_.byte_sets[edge.label]);
    if (edge.kind == EdgeKind::call) path.push_back(grammar_.rules[edge.label].start);
  }
}

}  // namespace lyceum::model
