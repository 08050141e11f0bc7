#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "model/decoding/grammar.hpp"
#include "model/decoding/grammar_completion.hpp"
#include "model/decoding/token_mask.hpp"
#include "model/decoding/token_trie.hpp"

namespace lyceum::model {

/// Runs a grammar over bytes and knows which tokens each of its states allows. A pushdown automaton made
/// deterministic as it is used: a state is the set of all ways to have read the text so far, each a place in
/// a rule and a stack of places to return to. Stacks, states, transitions and masks are made once and kept,
/// so that a byte or a mask that was seen before costs a look-up. A state's mask is computed by walking the
/// tokens' trie from a stand-in for all states that no token can tell apart from it (see Grammar::Chain).
///
/// What is kept is thrown away when it takes more than kMaxCacheBytes: states are then void, which `epoch`
/// tells. One thread at a time.
///
/// More than kMaxConfigurations ways to have read one text (a very ambiguous grammar): the others are left
/// out, which narrows the language but never leads to a dead end.
class GrammarAutomaton {
 public:
  using State = std::uint32_t;
  static constexpr State kDead = 0;
  static constexpr std::size_t kMaxConfigurations = 1024;
  static constexpr std::size_t kMaxCacheBytes = 192U << 20U;

  GrammarAutomaton(Grammar grammar, std::shared_ptr<const TokenTrie> vocabulary);
  GrammarAutomaton(const GrammarAutomaton&) = delete;
  GrammarAutomaton& operator=(const GrammarAutomaton&) = delete;

  /// Changes when all states become void.
  std::uint64_t epoch() const { return epoch_; }

  State start() const { return start_; }

  State next(State state, std::uint8_t byte);
  /// Shared with the constraints that hold it: the cache may be thrown away meanwhile.
  std::shared_ptr<const TokenMask> mask(State state);

  bool may_end(State state) const { return states_[state].may_end; }

  bool must_end(State state) const { return may_end(state) && states_[state].configurations.empty(); }

  /// The fewest bytes after which the text may end; empty where it may already, where they would nest too
  /// deep, and where they are more than GrammarCompletion::kMaxBytes.
  std::string shortest_completion(State state);

  const TokenTrie& vocabulary() const { return *vocabulary_; }

  std::size_t num_states() const { return states_.size(); }

  /// Throws the caches away when they are too large. Call it where no state is in use.
  void trim();

 private:
  using StackId = std::uint32_t;

  struct Frame {
    GrammarState return_to = 0;
    StackId below = 0;
    std::uint32_t levels = 0;  ///< Of all frames to the bottom
    StackId stand_in = 0;
  };

  struct Configuration {
    GrammarState at = 0;
    StackId stack = 0;

    friend auto operator<=>(const Configuration&, const Configuration&) = default;
  };

  struct StateData {
    std::vector<Configuration> configurations{};  ///< Sorted; each has a byte to read
    bool may_end = false;
    State stand_in = kDead;
    std::shared_ptr<const TokenMask> mask{};
  };

  struct KeyHash {
    std::size_t operator()(const std::vector<Configuration>& key) const;
  };

  void find_byte_classes();
  void find_stand_ins();
  void reset();
  StackId push(GrammarState return_to, StackId below);
  State add_closed(std::vector<Configuration> open);
  void close(std::vector<Configuration>& open, std::vector<Configuration>& reading, bool& may_end);
  State intern(std::vector<Configuration> configurations, bool may_end);
  State stand_in_of(State state);
  bool has_room(GrammarState at, StackId stack) const;
  TokenMask walk(State state);

  Grammar grammar_;
  std::optional<GrammarCompletion> completion_{};  ///< Made when first asked for.
  std::shared_ptr<const TokenTrie> vocabulary_;
  std::array<std::uint8_t, 256> class_of_{};
  std::vector<std::uint8_t> class_byte_{};  ///< One byte of each class
  std::vector<GrammarState> stand_ins_{};   ///< By grammar state

  std::vector<Frame> frames_{};
  std::unordered_map<std::uint64_t, StackId> frame_ids_{};
  std::vector<StateData> states_{};
  std::unordered_map<std::vector<Configuration>, State, KeyHash> state_ids_{};
  std::vector<State> transitions_{};  ///< [state][byte class]
  std::unordered_set<std::uint64_t> closed_{};
  std::vector<State> path_{};
  std::size_t cache_bytes_ = 0;
  std::uint64_t epoch_ = 0;
  State start_ = kDead;
};

}  // namespace lyceum::model
