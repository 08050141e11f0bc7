#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "model/decoding/quote_constraint.hpp"
#include "model/decoding/suffix_automaton.hpp"

namespace lyceum::model {

/// All sources of a quote in one sequence of tokens, and where quotes may stand in it. A place is the
/// boundary before the token of that index; every source is followed by a token of its own that no vocabulary
/// has, and the place before it is the source's end. Immutable.
class QuoteIndex {
 public:
  using Place = std::uint32_t;

  static Result<std::unique_ptr<const QuoteIndex>> make(std::span<const QuoteSource> sources,
                                                        const TokenTrie& vocabulary,
                                                        const QuoteOptions& options);

  const SuffixAutomaton& automaton() const { return *automaton_; }

  /// The first tokens of allowed quotes, in order.
  std::span<const TokenId> first_tokens() const { return first_tokens_; }

  /// A quote that begins at `begin` and has this many tokens so far can still end somewhere.
  bool can_end(Place begin, std::size_t num_tokens) const;
  /// It can end right here.
  bool may_end(Place begin, std::size_t num_tokens) const;
  QuoteSpan span(Place begin, std::size_t num_tokens) const;

 private:
  explicit QuoteIndex(const QuoteOptions& options)
      : tokens_min_(options.tokens_min), tokens_max_(options.tokens_max) {}

  Result<void> add_source(const QuoteSource& source, const TokenTrie& vocabulary, QuoteBoundary boundary);
  void exclude(const QuoteSpan& span);
  void finish();
  std::size_t source_at(Place place) const;
  bool reaches(Place begin, std::size_t num_tokens) const;

  std::size_t tokens_min_;
  std::size_t tokens_max_;
  std::vector<TokenId> sequence_{};
  std::vector<Place> source_begins_{};
  // By place:
  std::vector<std::uint32_t> offsets_{};  ///< Bytes in the source
  std::vector<bool> may_begin_{};
  std::vector<bool> may_end_{};
  std::vector<Place> next_end_{};  ///< The first place from here on where quotes may end
  std::vector<Place> limits_{};    ///< The last place that a quote from here may reach
  std::vector<TokenId> first_tokens_{};
  std::unique_ptr<const SuffixAutomaton> automaton_{};
};

}  // namespace lyceum::model
