#include "model/engine/span_quoting.hpp"

#include <algorithm>
#include <cmath>

#include "model/engine/engine_calls.hpp"
#include "model/engine/writing.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxSpanTokens = 256;

Result<std::unique_ptr<QuoteConstraint>> compile(const SpeakerParts& parts, const SpanPrompt& prompt,
                                                 const std::vector<QuoteSpan>& excluded,
                                                 std::size_t tokens_max) {
  std::vector<QuoteSource> sources;
  for (std::size_t i = 0; i < prompt.texts.size(); ++i)
    sources.push_back({.text = prompt.texts[i], .tokens = prompt.tokens[i]});
  std::erase_if(sources, [](const QuoteSource& source) { return source.tokens.empty(); });
  const QuoteOptions options{.tokens_max = tokens_max,
                             .boundary = prompt.boundary,
                             .none = prompt.none,
                             .excluded = excluded,
                             .end_tokens = prompt.end_tokens};
  return quote_constraint(sources, parts.vocabulary, options);
}

struct Answer {
  std::vector<TokenId> tokens{};  ///< Without the end token.
  double logprob = 0;
  std::size_t num_scored = 0;
};

/// The index among all sources of the `index`-th that is not empty.
std::size_t source_at(const SpanPrompt& prompt, std::size_t index) {
  std::size_t source = 0;
  while (prompt.tokens[source].empty() || index-- > 0) ++source;
  return source;
}

/// Where the answer stands, among the sources that are not empty; nothing for `none`.
Result<std::optional<QuoteSpan>> locate(const SpeakerParts& parts, const SpanPrompt& prompt,
                                        const std::vector<QuoteSpan>& excluded, const Answer& answer,
                                        std::size_t tokens_max) {
  TRY(const auto constraint, compile(parts, prompt, excluded, tokens_max));
  for (const TokenId token : answer.tokens) constraint->accept(token);
  return constraint->is_none() ? std::optional<QuoteSpan>() : constraint->span();
}

}  // namespace

Task<Result<Quotes>> quote_spans(const SpeakerParts& parts, SpanPrompt prompt, std::size_t quotes_max) {
  Quotes quotes;
  const auto is_empty = [](const auto& tokens) { return tokens.empty(); };
  if (std::ranges::all_of(prompt.tokens, is_empty)) co_return quotes;
  CO_TRY(const std::size_t tokens_max, room_after(parts.engine, prompt.prompt.size(), kMaxSpanTokens));
  std::vector<QuoteSpan> excluded;
  while (quotes.quotes.size() < quotes_max) {
    GenerationRequest request;
    request.start = {.prompt = prompt.prompt, .tokens_max = tokens_max};
    request.start.sampling.temperature = 0;
    request.start.sampling.wants_logprobs = true;
    request.end_tokens = prompt.end_tokens;
    const auto make = [&] { return compile(parts, prompt, excluded, tokens_max); };
    CO_TRY(request.constraint, co_await run_blocking(parts.pool, make));
    Answer answer;
    const auto read = [&answer](const GeneratedToken& token) -> Task<bool> {
      if (!token.is_end) answer.tokens.push_back(token.sampled.token);
      answer.logprob += token.sampled.logprob;
      ++answer.num_scored;
      co_return true;
    };
    CO_TRY(const GenerationEnd end,
           co_await generate(parts.engine, std::move(request), Priority::normal, read));
    quotes.usage.tokens_in += end.prompt_tokens;
    quotes.usage.tokens_out += end.generated_tokens;
    const auto find = [&] { return locate(parts, prompt, excluded, answer, tokens_max); };
    CO_TRY(const auto span, co_await run_blocking(parts.pool, find));
    if (!span) break;
    excluded.push_back(*span);
    const std::size_t source = source_at(prompt, span->source);
    const QuoteSpan bare = trimmed(*span, prompt.texts[source]);
    if (bare.begin == bare.end) continue;
    quotes.quotes.push_back({.source = source,
                             .begin = bare.begin,
                             .end = bare.end,
                             .score = std::exp(answer.logprob / static_cast<double>(answer.num_scored))});
  }
  co_return quotes;
}

}  // namespace lyceum::model
