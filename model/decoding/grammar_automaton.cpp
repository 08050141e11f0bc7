#include "model/decoding/grammar_automaton.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "base/check.hpp"

namespace lyceum::model {
namespace {

using EdgeKind = Grammar::EdgeKind;

constexpr std::uint32_t kNoStack = 0;
constexpr std::uint32_t kUnknown = std::numeric_limits<std::uint32_t>::max();
/// Marks, in a key, that the text may end in a state.
constexpr GrammarState kEndMark = std::numeric_limits<GrammarState>::max();

std::uint64_t pair_of(std::uint32_t high, std::uint32_t low) {
  return (std::uint64_t{high} << 32U) | low;
}

}  // namespace

std::size_t GrammarAutomaton::KeyHash::operator()(const std::vector<Configuration>& key) const {
  std::uint64_t hash = 0x9E3779B97F4A7C15ULL;
  for (const Configuration& configuration : key) {
    hash = (hash ^ pair_of(configuration.at, configuration.stack)) * 0xBF58476D1CE4E5B9ULL;
    hash ^= hash >> 29U;
  }
  return hash;
}

GrammarAutomaton::GrammarAutomaton(Grammar grammar, std::shared_ptr<const TokenTrie> vocabulary)
    : grammar_(std::move(grammar)), vocabulary_(std::move(vocabulary)) {
  find_byte_classes();
  find_stand_ins();
  reset();
}

// Bytes that no edge tells apart share a column of the table.
void GrammarAutomaton::find_byte_classes() {
  std::array<std::size_t, 256> classes{};
  for (const ByteSet& set : grammar_.byte_sets) {
    std::map<std::pair<std::size_t, bool>, std::size_t> split;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      classes[byte] = split.try_emplace({classes[byte], set.test(byte)}, split.size()).first->second;
    }
  }
  for (std::size_t byte = 0; byte < 256; ++byte) {
    class_of_[byte] = static_cast<std::uint8_t>(classes[byte]);
    if (classes[byte] >= class_byte_.size()) class_byte_.resize(classes[byte] + 1);
    class_byte_[classes[byte]] = static_cast<std::uint8_t>(byte);
  }
}

// A token reads at most `reach` items: farther from both bounds than that, all places of a chain are alike.
void GrammarAutomaton::find_stand_ins() {
  stand_ins_.resize(grammar_.states.size());
  for (std::size_t i = 0; i < stand_ins_.size(); ++i) stand_ins_[i] = static_cast<GrammarState>(i);
  const std::size_t reach = vocabulary_->token_bytes_max();
  for (const auto& chain : grammar_.chains) {
    const std::uint32_t last = chain.max.value_or(chain.min);
    for (std::uint32_t i = 0; i <= last; ++i) {
      if (i < chain.min && chain.min - i > reach) stand_ins_[chain.first + i] = chain.first;
      if (i >= chain.min && chain.max && *chain.max - i > reach) {
        stand_ins_[chain.first + i] = chain.first + chain.min;
      }
    }
  }
}

void GrammarAutomaton::reset() {
  ++epoch_;
  frames_.assign(1, Frame());
  frame_ids_.clear();
  states_.assign(1, StateData());
  state_ids_.clear();
  transitions_.assign(class_byte_.size(), kDead);
  cache_bytes_ = 0;
  start_ = add_closed({{.at = grammar_.rules[grammar_.root].start, .stack = kNoStack}});
}

void GrammarAutomaton::trim() {
  if (cache_bytes_ > kMaxCacheBytes) reset();
}

GrammarAutomaton::StackId GrammarAutomaton::push(GrammarState return_to, StackId below) {
  const auto found = frame_ids_.find(pair_of(return_to, below));
  if (found != frame_ids_.end()) return found->second;
  const std::uint32_t levels = grammar_.rules[grammar_.states[return_to].rule].levels;
  const Frame frame{.return_to = return_to, .below = below, .levels = frames_[below].levels + levels};
  const auto id = static_cast<StackId>(frames_.size());
  frames_.push_back(frame);
  frame_ids_.emplace(pair_of(return_to, below), id);
  cache_bytes_ += 2 * sizeof(Frame) + 32;
  const GrammarState stand_in = stand_ins_[return_to];
  const StackId stand_in_below = frames_[below].stand_in;
  const bool is_its_own = stand_in == return_to && stand_in_below == below;
  const StackId stand_in_id = is_its_own ? id : push(stand_in, stand_in_below);
  frames_[id].stand_in = stand_in_id;
  return id;
}

bool GrammarAutomaton::has_room(GrammarState at, StackId stack) const {
  const std::uint32_t needed = grammar_.states[at].levels_needed;
  return needed <= grammar_.levels_max && frames_[stack].levels <= grammar_.levels_max - needed;
}

/// Follows all edges that read nothing.
void GrammarAutomaton::close(std::vector<Configuration>& open, std::vector<Configuration>& reading,
                             bool& may_end) {
  closed_.clear();
  constexpr std::size_t kMaxClosed = 64 * kMaxConfigurations;
  while (!open.empty() && reading.size() < kMaxConfigurations && closed_.size() < kMaxClosed) {
    const Configuration here = open.back();
    open.pop_back();
    if (!has_room(here.at, here.stack) || !closed_.insert(pair_of(here.at, here.stack)).second) continue;
    const auto& state = grammar_.states[here.at];
    if (here.at == grammar_.rules[state.rule].end) {
      if (here.stack == kNoStack) {
        may_end = true;
      } else {
        open.push_back({.at = frames_[here.stack].return_to, .stack = frames_[here.stack].below});
      }
      continue;
    }
    bool reads = false;
    for (const auto& edge : state.edges) {
      if (edge.kind == EdgeKind::bytes) reads = true;
      if (edge.kind == EdgeKind::nothing) open.push_back({.at = edge.target, .stack = here.stack});
      if (edge.kind == EdgeKind::call && has_room(edge.target, here.stack)) {
        const bool is_tail = grammar_.states[edge.target].is_tail;
        open.push_back({.at = grammar_.rules[edge.label].start,
                        .stack = is_tail ? here.stack : push(edge.target, here.stack)});
      }
    }
    if (reads) reading.push_back(here);
  }
}

GrammarAutomaton::State GrammarAutomaton::add_closed(std::vector<Configuration> open) {
  std::vector<Configuration> reading;
  bool may_end = false;
  close(open, reading, may_end);
  return intern(std::move(reading), may_end);
}

GrammarAutomaton::State GrammarAutomaton::intern(std::vector<Configuration> configurations, bool may_end) {
  if (configurations.empty() && !may_end) return kDead;
  std::sort(configurations.begin(), configurations.end());
  configurations.erase(std::unique(configurations.begin(), configurations.end()), configurations.end());
  if (may_end) configurations.push_back({.at = kEndMark});
  const auto [found, is_new] = state_ids_.try_emplace(configurations, static_cast<State>(states_.size()));
  if (!is_new) return found->second;
  if (may_end) configurations.pop_back();
  cache_bytes_ += class_byte_.size() * sizeof(State) + sizeof(StateData) + 64 +
                  2 * configurations.size() * sizeof(Configuration);
  states_.push_back({.configurations = std::move(configurations), .may_end = may_end});
  transitions_.resize(transitions_.size() + class_byte_.size(), kUnknown);
  return found->second;
}

GrammarAutomaton::State GrammarAutomaton::next(State state, std::uint8_t byte) {
  const std::size_t entry = state * class_byte_.size() + class_of_[byte];
  if (transitions_[entry] != kUnknown) return transitions_[entry];
  const std::uint8_t sample = class_byte_[class_of_[byte]];
  std::vector<Configuration> open;
  for (const Configuration& here : states_[state].configurations) {
    for (const auto& edge : grammar_.states[here.at].edges) {
      if (edge.kind == EdgeKind::bytes && grammar_.byte_sets[edge.label].test(sample)) {
        open.push_back({.at = edge.target, .stack = here.stack});
      }
    }
  }
  const State target = open.empty() ? kDead : add_closed(std::move(open));
  transitions_[entry] = target;
  return target;
}

GrammarAutomaton::State GrammarAutomaton::stand_in_of(State state) {
  if (states_[state].stand_in != kDead) return states_[state].stand_in;
  auto configurations = states_[state].configurations;
  for (Configuration& here : configurations) {
    here = {.at = stand_ins_[here.at], .stack = frames_[here.stack].stand_in};
  }
  const State stand_in = intern(std::move(configurations), states_[state].may_end);
  states_[state].stand_in = stand_in;
  return stand_in;
}

std::shared_ptr<const TokenMask> GrammarAutomaton::mask(State state) {
  if (states_[state].mask) return states_[state].mask;
  const State stand_in = stand_in_of(state);
  if (!states_[stand_in].mask) {
    states_[stand_in].mask = std::make_shared<const TokenMask>(walk(stand_in));
    cache_bytes_ += vocabulary_->vocab_size() / 8;
  }
  states_[state].mask = states_[stand_in].mask;
  return states_[state].mask;
}

std::string GrammarAutomaton::shortest_completion(State state) {
  if (may_end(state)) return {};
  if (!completion_) completion_.emplace(grammar_);
  const Configuration* best = nullptr;
  std::uint64_t fewest = std::numeric_limits<std::uint64_t>::max();
  for (const Configuration& here : states_[state].configurations) {
    std::uint64_t bytes = completion_->bytes_needed(here.at);
    for (StackId stack = here.stack; stack != kNoStack; stack = frames_[stack].below)
      bytes += completion_->bytes_needed(frames_[stack].return_to);
    if (bytes >= fewest) continue;
    fewest = bytes;
    best = &here;
  }
  std::string text;
  if (best == nullptr || fewest > GrammarCompletion::kMaxBytes) return text;
  const Configuration chosen = *best;
  completion_->append_to(text, chosen.at);
  for (StackId stack = chosen.stack; stack != kNoStack; stack = frames_[stack].below)
    completion_->append_to(text, frames_[stack].return_to);
  State reached = state;
  for (const char byte : text) reached = next(reached, static_cast<std::uint8_t>(byte));
  return may_end(reached) ? text : std::string();
}

TokenMask GrammarAutomaton::walk(State state) {
  TokenMask mask(vocabulary_->vocab_size());
  if (may_end(state)) {
    for (const TokenId token : vocabulary_->end_tokens()) mask.set(token);
  }
  const auto nodes = vocabulary_->nodes();
  const auto tokens = vocabulary_->tokens();
  path_.resize(vocabulary_->token_bytes_max() + 1);
  path_[0] = state;
  for (std::size_t i = 0; i < nodes.size();) {
    const TokenTrie::Node& node = nodes[i];
    const State reached = next(path_[node.depth], node.byte);
    if (reached == kDead) {
      i = node.subtree_end;
      continue;
    }
    path_[node.depth + 1U] = reached;
    for (std::size_t k = 0; k < node.num_tokens; ++k) mask.set(tokens[node.first_token + k]);
    ++i;
  }
  return mask;
}

}  // namespace lyceum::model
