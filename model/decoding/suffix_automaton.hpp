#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

/// All substrings of a sequence of tokens (Blumer et al., The smallest automaton recognizing the subwords of
/// a text, 1985). A state stands for the substrings that end at the same positions; it knows those positions.
/// Built once in time and space linear in the sequence; immutable, thread-safe.
class SuffixAutomaton {
 public:
  using State = std::uint32_t;
  static constexpr State kRoot = 0;
  static constexpr State kNone = 0xFFFFFFFF;

  struct Edge {
    TokenId token = 0;
    State target = 0;
  };

  explicit SuffixAutomaton(std::span<const TokenId> sequence);

  /// Ways on, by token.
  std::span<const Edge> edges(State state) const;
  /// kNone when the substring with this token more is not in the sequence.
  State next(State state, TokenId token) const;
  /// The indexes of the last tokens of all occurrences, in no order. Not for the root.
  std::span<const std::uint32_t> ends(State state) const;

 private:
  struct Node {
    std::uint32_t length_max = 0;
    State suffix = kNone;
    std::uint32_t first_edge = 0;  ///< While building, the last of a linked list
    std::uint32_t end = kNone;     ///< The prefix of the sequence that it is; kNone for clones
    std::uint32_t first_end = 0;
    std::uint32_t num_ends = 0;
  };

  struct LinkedEdge {
    TokenId token = 0;
    State target = 0;
    std::uint32_t previous = 0;
  };

  /// What is needed while states are added.
  struct Build {
    std::vector<LinkedEdge> edges{};
    std::unordered_map<std::uint64_t, std::uint32_t> edge_of{};  ///< Index of an edge by state and token
    State last = kRoot;
  };

  void extend(Build& build, TokenId token, std::uint32_t position);
  State split(Build& build, State from, State state, TokenId token);
  void add_edge(Build& build, State from, TokenId token, State target);
  void order_edges(const Build& build);
  void order_ends();

  std::vector<Node> nodes_{};
  std::vector<Edge> edges_{};
  std::vector<std::uint32_t> ends_{};
};

}  // namespace lyceum::model
