#include "model/decoding/suffix_automaton.hpp"

#include <algorithm>

namespace lyceum::model {
namespace {

std::uint64_t key_of(std::uint32_t state, TokenId token) {
  return (std::uint64_t{state} << 32U) | static_cast<std::uint32_t>(token);
}

}  // namespace

SuffixAutomaton::SuffixAutomaton(std::span<const TokenId> sequence) {
  Build build;
  build.edges.reserve(3 * sequence.size() + 1);
  build.edge_of.reserve(3 * sequence.size());
  build.edges.emplace_back();  // Index 0 ends the linked lists.
  nodes_.reserve(2 * sequence.size() + 1);
  nodes_.emplace_back();
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    extend(build, sequence[i], static_cast<std::uint32_t>(i));
  }
  order_edges(build);
  order_ends();
}

void SuffixAutomaton::add_edge(Build& build, State from, TokenId token, State target) {
  const auto index = static_cast<std::uint32_t>(build.edges.size());
  build.edges.push_back({.token = token, .target = target, .previous = nodes_[from].first_edge});
  build.edge_of.emplace(key_of(from, token), index);
  nodes_[from].first_edge = index;
}

void SuffixAutomaton::extend(Build& build, TokenId token, std::uint32_t position) {
  const auto added = static_cast<State>(nodes_.size());
  nodes_.push_back({.length_max = nodes_[build.last].length_max + 1, .end = position});
  State from = build.last;
  build.last = added;
  auto edge = build.edge_of.end();
  while (from != kNone && (edge = build.edge_of.find(key_of(from, token))) == build.edge_of.end()) {
    add_edge(build, from, token, added);
    from = nodes_[from].suffix;
  }
  if (from == kNone) {
    nodes_[added].suffix = kRoot;
    return;
  }
  const State target = build.edges[edge->second].target;
  const bool is_whole = nodes_[target].length_max == nodes_[from].length_max + 1;
  nodes_[added].suffix = is_whole ? target : split(build, from, target, token);
}

/// Parts the shorter substrings of `state` from its longer ones, which do not end at the new position.
SuffixAutomaton::State SuffixAutomaton::split(Build& build, State from, State state, TokenId token) {
  const auto clone = static_cast<State>(nodes_.size());
  nodes_.push_back({.length_max = nodes_[from].length_max + 1, .suffix = nodes_[state].suffix});
  for (std::uint32_t i = nodes_[state].first_edge; i != 0; i = build.edges[i].previous) {
    add_edge(build, clone, build.edges[i].token, build.edges[i].target);
  }
  nodes_[state].suffix = clone;
  for (; from != kNone; from = nodes_[from].suffix) {
    LinkedEdge& edge = build.edges[build.edge_of.at(key_of(from, token))];
    if (edge.target != state) break;
    edge.target = clone;
  }
  return clone;
}

// Each node's edges in a row, by token.
void SuffixAutomaton::order_edges(const Build& build) {
  edges_.reserve(build.edges.size());
  for (Node& node : nodes_) {
    const std::size_t begin = edges_.size();
    for (std::uint32_t i = node.first_edge; i != 0; i = build.edges[i].previous) {
      edges_.push_back({.token = build.edges[i].token, .target = build.edges[i].target});
    }
    node.first_edge = static_cast<std::uint32_t>(begin);
    std::sort(edges_.begin() + static_cast<std::ptrdiff_t>(begin), edges_.end(),
              [](const Edge& a, const Edge& b) { return a.token < b.token; });
  }
}

// A state ends where it was made and where the states that it is a suffix of end. Laid out so that those of a
// state are in a row: longest states first to sum the counts, shortest first to give out the places.
void SuffixAutomaton::order_ends() {
  std::vector<State> by_length(nodes_.size());
  for (State i = 0; i < nodes_.size(); ++i) by_length[i] = i;
  std::sort(by_length.begin(), by_length.end(),
            [this](State a, State b) { return nodes_[a].length_max > nodes_[b].length_max; });
  for (const State state : by_length) {
    Node& node = nodes_[state];
    if (node.end != kNone) ++node.num_ends;
    if (node.suffix != kNone) nodes_[node.suffix].num_ends += node.num_ends;
  }
  ends_.resize(nodes_[kRoot].num_ends);
  std::vector<std::uint32_t> used(nodes_.size());
  std::reverse(by_length.begin(), by_length.end());
  for (const State state : by_length) {
    Node& node = nodes_[state];
    if (node.suffix != kNone) {
      node.first_end = nodes_[node.suffix].first_end + used[node.suffix];
      used[node.suffix] += node.num_ends;
    }
    if (node.end != kNone) ends_[node.first_end + used[state]++] = node.end;
  }
}

std::span<const SuffixAutomaton::Edge> SuffixAutomaton::edges(State state) const {
  const std::size_t begin = nodes_[state].first_edge;
  const std::size_t end = state + 1 < nodes_.size() ? nodes_[state + 1].first_edge : edges_.size();
  return std::span(edges_).subspan(begin, end - begin);
}

SuffixAutomaton::State SuffixAutomaton::next(State state, TokenId token) const {
  const auto all = edges(state);
  const auto found = std::lower_bound(all.begin(), all.end(), token,
                                      [](const Edge& edge, TokenId wanted) { return edge.token < wanted; });
  return found != all.end() && found->token == token ? found->target : kNone;
}

std::span<const std::uint32_t> SuffixAutomaton::ends(State state) const {
  return std::span(ends_).subspan(nodes_[state].first_end, nodes_[state].num_ends);
}

}  // namespace lyceum::model
