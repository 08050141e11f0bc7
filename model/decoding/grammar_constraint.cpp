#include "model/decoding/grammar_constraint.hpp"

#include <string>

#include "base/check.hpp"
#include "model/decoding/gbnf.hpp"
#include "model/decoding/grammar_automaton.hpp"
#include "model/decoding/schema_grammar.hpp"

namespace lyceum::model {
namespace {

class GrammarConstraint final : public TokenConstraint {
 public:
  /// The clones share the automaton, and what it has learnt.
  explicit GrammarConstraint(std::shared_ptr<GrammarAutomaton> automaton)
      : automaton_(std::move(automaton)), state_(automaton_->start()), epoch_(automaton_->epoch()) {}

  const TokenMask& allowed() override {
    refresh();
    mask_ = has_ended_ ? std::make_shared<const TokenMask>(automaton_->vocabulary().vocab_size())
                       : automaton_->mask(state_);
    return *mask_;
  }

  bool accept(TokenId token) override {
    if (has_ended_) return false;
    refresh();
    const TokenTrie& vocabulary = automaton_->vocabulary();
    if (vocabulary.is_end(token)) {
      has_ended_ = automaton_->may_end(state_);
      return has_ended_;
    }
    const std::string_view bytes = vocabulary.bytes_of(token);
    const auto reached = read(state_, bytes);
    if (bytes.empty() || reached == GrammarAutomaton::kDead) return false;
    state_ = reached;
    text_ += bytes;
    return true;
  }

  bool may_end() override {
    refresh();
    return automaton_->may_end(state_);
  }

  bool must_end() override {
    refresh();
    return automaton_->must_end(state_);
  }

  std::string shortest_completion() override {
    refresh();
    return has_ended_ ? std::string() : automaton_->shortest_completion(state_);
  }

  bool has_ended() const override { return has_ended_; }

  std::unique_ptr<TokenConstraint> clone() const override {
    return std::unique_ptr<TokenConstraint>(new GrammarConstraint(*this));
  }

 private:
  GrammarConstraint(const GrammarConstraint&) = default;

  GrammarAutomaton::State read(GrammarAutomaton::State state, std::string_view bytes) {
    for (const char byte : bytes) {
      if (state == GrammarAutomaton::kDead) break;
      state = automaton_->next(state, static_cast<std::uint8_t>(byte));
    }
    return state;
  }

  /// Reads the text again where the automaton has thrown its states away.
  void refresh() {
    automaton_->trim();
    if (epoch_ == automaton_->epoch()) return;
    epoch_ = automaton_->epoch();
    state_ = read(automaton_->start(), text_);
    LYCEUM_CHECK(state_ != GrammarAutomaton::kDead);
  }

  std::shared_ptr<GrammarAutomaton> automaton_;
  GrammarAutomaton::State state_;
  std::uint64_t epoch_;
  std::string text_{};
  std::shared_ptr<const TokenMask> mask_{};
  bool has_ended_ = false;
};

}  // namespace

Result<std::unique_ptr<TokenConstraint>> json_schema_constraint(const Json& schema,
                                                                std::shared_ptr<const TokenTrie> vocabulary) {
  TRY(auto grammar, grammar_of_schema(schema));
  return std::unique_ptr<TokenConstraint>(std::make_unique<GrammarConstraint>(
      std::make_shared<GrammarAutomaton>(std::move(grammar), std::move(vocabulary))));
}

Result<std::unique_ptr<TokenConstraint>> grammar_constraint(std::string_view gbnf,
                                                            std::shared_ptr<const TokenTrie> vocabulary) {
  TRY(auto grammar, parse_gbnf(gbnf));
  return std::unique_ptr<TokenConstraint>(std::make_unique<GrammarConstraint>(
      std::make_shared<GrammarAutomaton>(std::move(grammar), std::move(vocabulary))));
}

}  // namespace lyceum::model
