#pragma once

#include "model/decoding/quote_constraint.hpp"
#include "model/engine/speaker.hpp"

namespace lyceum::model {

/// A prompt after which a verbatim span of `sources`, or `none`, is the answer.
struct SpanPrompt {
  std::vector<TokenId> prompt{};
  std::vector<std::string> texts{};  ///< The sources as far as the prompt shows them; empty ones are none.
  std::vector<std::vector<TokenId>> tokens{};
  std::vector<TokenId> none{};
  std::vector<TokenId> end_tokens{};
  QuoteBoundary boundary = QuoteBoundary::sentence;
};

/// The likeliest span, then, with it excluded, the next, until `none` is likelier or there are `quotes_max`.
/// A quote's score is the mean probability of its tokens (geometric), the end included.
Task<Result<Quotes>> quote_spans(const SpeakerParts& parts, SpanPrompt prompt, std::size_t quotes_max);

}  // namespace lyceum::model
