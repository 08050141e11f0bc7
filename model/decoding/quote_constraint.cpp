#include "model/decoding/quote_constraint.hpp"

#include <algorithm>

#include "model/decoding/quote_index.hpp"

namespace lyceum::model {
namespace {

class SuffixQuoteConstraint final : public QuoteConstraint {
 public:
  SuffixQuoteConstraint(std::shared_ptr<const QuoteIndex> index, std::size_t vocab_size,
                        const QuoteOptions& options)
      : index_(std::move(index)), none_(options.none), end_tokens_(options.end_tokens), mask_(vocab_size) {
    may_be_none_ = !none_.empty();
  }

  const TokenMask& allowed() override {
    if (is_current_) return mask_;
    for (const TokenId token : set_) mask_.clear(token);
    set_.clear();
    if (!has_ended_) add_allowed();
    for (const TokenId token : set_) mask_.set(token);
    is_current_ = true;
    return mask_;
  }

  bool accept(TokenId token) override {
    if (!allowed().test(token)) return false;
    is_current_ = false;
    if (std::find(end_tokens_.begin(), end_tokens_.end(), token) != end_tokens_.end() && may_end()) {
      has_ended_ = true;
      return true;
    }
    may_be_none_ = may_be_none_ && length_ < none_.size() && none_[length_] == token;
    if (is_quote_ && can_follow(token)) {
      state_ = index_->automaton().next(state_, token);
    } else {
      is_quote_ = false;
    }
    ++length_;
    return true;
  }

  bool may_end() override { return is_none() || has_span(); }

  bool must_end() override { return may_end() && ways_on().empty(); }

  bool has_ended() const override { return has_ended_; }

  std::unique_ptr<TokenConstraint> clone() const override {
    return std::unique_ptr<TokenConstraint>(new SuffixQuoteConstraint(*this));
  }

  std::vector<QuoteSpan> occurrences() const override {
    std::vector<QuoteSpan> spans;
    for_each_begin([&](QuoteIndex::Place begin) {
      if (index_->may_end(begin, length_)) spans.push_back(index_->span(begin, length_));
      return true;
    });
    std::sort(spans.begin(), spans.end());
    return spans;
  }

  std::optional<QuoteSpan> span() const override {
    const auto spans = occurrences();
    return spans.empty() ? std::nullopt : std::optional(spans.front());
  }

  bool is_none() const override { return may_be_none_ && length_ == none_.size(); }

 private:
  SuffixQuoteConstraint(const SuffixQuoteConstraint&) = default;

  /// Calls visit(begin) for each occurrence of the text so far until it returns false.
  template <class Visit>
  void for_each_begin(Visit visit) const {
    if (!is_quote_ || length_ == 0) return;
    for (const std::uint32_t last : index_->automaton().ends(state_)) {
      if (!visit(static_cast<QuoteIndex::Place>(last + 1 - length_))) return;
    }
  }

  bool has_span() const {
    bool found = false;
    for_each_begin([&](QuoteIndex::Place begin) {
      found = index_->may_end(begin, length_);
      return !found;
    });
    return found;
  }

  bool can_end(SuffixAutomaton::State state, std::size_t num_tokens) const {
    const auto ends = index_->automaton().ends(state);
    return std::any_of(ends.begin(), ends.end(), [&](std::uint32_t last) {
      return index_->can_end(static_cast<QuoteIndex::Place>(last + 1 - num_tokens), num_tokens);
    });
  }

  bool can_follow(TokenId token) const {
    const auto target = index_->automaton().next(state_, token);
    return target != SuffixAutomaton::kNone && can_end(target, length_ + 1);
  }

  /// The tokens that make the text longer, in no order.
  std::vector<TokenId> ways_on() const {
    std::vector<TokenId> tokens;
    if (is_quote_ && length_ == 0) {
      tokens.assign(index_->first_tokens().begin(), index_->first_tokens().end());
    } else if (is_quote_) {
      for (const auto& [token, target] : index_->automaton().edges(state_)) {
        if (token >= 0 && can_end(target, length_ + 1)) tokens.push_back(token);
      }
    }
    if (may_be_none_ && length_ < none_.size()) tokens.push_back(none_[length_]);
    return tokens;
  }

  void add_allowed() {
    set_ = ways_on();
    if (may_end()) set_.insert(set_.end(), end_tokens_.begin(), end_tokens_.end());
  }

  std::shared_ptr<const QuoteIndex> index_;  ///< Shared with the clones
  std::vector<TokenId> none_;
  std::vector<TokenId> end_tokens_;
  SuffixAutomaton::State state_ = SuffixAutomaton::kRoot;
  std::size_t length_ = 0;
  bool is_quote_ = true;  ///< The text so far stands in a source
  bool may_be_none_ = false;
  bool has_ended_ = false;
  TokenMask mask_;
  std::vector<TokenId> set_{};  ///< What `mask_` holds
  bool is_current_ = false;
};

}  // namespace

QuoteSpan trimmed(QuoteSpan span, std::string_view source_text) {
  const auto is_space = [&](std::size_t at) {
    return std::string_view(" \t\n\r\f\v").find(source_text[at]) != std::string_view::npos;
  };
  while (span.begin < span.end && is_space(span.begin)) ++span.begin;
  while (span.begin < span.end && is_space(span.end - 1)) --span.end;
  return span;
}

Result<std::unique_ptr<QuoteConstraint>> quote_constraint(std::span<const QuoteSource> sources,
                                                          std::shared_ptr<const TokenTrie> vocabulary,
                                                          const QuoteOptions& options) {
  QuoteOptions complete = options;
  if (complete.end_tokens.empty()) {
    complete.end_tokens.assign(vocabulary->end_tokens().begin(), vocabulary->end_tokens().end());
  }
  for (const auto& tokens : {complete.none, complete.end_tokens}) {
    for (const TokenId token : tokens) {
      if (token < 0 || static_cast<std::size_t>(token) >= vocabulary->vocab_size()) {
        return Error{Errc::invalid_argument, "token " + std::to_string(token) + " is not in the vocabulary"};
      }
    }
  }
  TRY(auto index, QuoteIndex::make(sources, *vocabulary, complete));
  return std::unique_ptr<QuoteConstraint>(
      std::make_unique<SuffixQuoteConstraint>(std::move(index), vocabulary->vocab_size(), complete));
}

}  // namespace lyceum::model
