#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/decoding/token_constraint.hpp"
#include "model/decoding/token_trie.hpp"

namespace lyceum::model {

inline constexpr std::size_t kMaxQuoteSourceTokens = 1U << 20U;
inline constexpr std::size_t kMaxExcludedSpans = 256;

/// Where a span may begin and end, besides at the beginning and the end of a source and never within a
/// character. Always at the source's token boundaries.
enum class QuoteBoundary : std::uint8_t {
  character,
  word,     ///< Not between two letters, marks or digits
  sentence  ///< As split_sentences has them, white space around them included
};

/// A text as the model has read it.
struct QuoteSource {
  std::string_view text{};
  std::span<const TokenId> tokens{};  ///< Their bytes are the text's (after SentencePiece's first space)
};

struct QuoteSpan {
  std::size_t source = 0;
  std::size_t begin = 0;  ///< Bytes in that source
  std::size_t end = 0;

  friend auto operator<=>(const QuoteSpan&, const QuoteSpan&) = default;
};

struct QuoteOptions {
  std::size_t tokens_min = 1;
  std::size_t tokens_max = 256;
  QuoteBoundary boundary = QuoteBoundary::character;
  std::vector<TokenId> none{};        ///< What may be written instead of a quote; empty: nothing
  std::vector<QuoteSpan> excluded{};  ///< No quote overlaps these
  std::vector<TokenId> end_tokens{};  ///< What ends a quote; empty: the vocabulary's end tokens
};

/// The text is a verbatim piece of a source, as the source was tokenised, or `none`. A way on is allowed only
/// if some occurrence can still end at a boundary within tokens_max.
class QuoteConstraint : public TokenConstraint {
 public:
  /// Where the text so far stands in the sources, in order, as tokens have it (with the white space that they
  /// carry), each one an occurrence that could end here. Empty while may_end() is false, and for `none`.
  virtual std::vector<QuoteSpan> occurrences() const = 0;
  /// The first of them.
  virtual std::optional<QuoteSpan> span() const = 0;
  /// The text so far is all of `none`. Where it also stands in a source, both hold.
  virtual bool is_none() const = 0;
};

/// Without the white space at both ends.
QuoteSpan trimmed(QuoteSpan span, std::string_view source_text);

/// Copies what it needs. Errors: invalid_argument for no source, empty sources, tokens that do not spell
/// their text, no allowed span at all and no `none`, tokens_min of 0 or above tokens_max, spans outside;
/// too_large above kMaxQuoteSourceTokens tokens. Costs about a microsecond a source token.
Result<std::unique_ptr<QuoteConstraint>> quote_constraint(std::span<const QuoteSource> sources,
                                                          std::shared_ptr<const TokenTrie> vocabulary,
                                                          const QuoteOptions& options = {});

}  // namespace lyceum::model
