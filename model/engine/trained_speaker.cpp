// The verbs as a model of model/verbs was trained for them.
#include <algorithm>
#include <tuple>

#include "model/engine/engine_calls.hpp"
#include "model/engine/span_quoting.hpp"
#include "model/engine/writing.hpp"
#include "model/verbs/verbs.hpp"

namespace lyceum::model {
namespace {

/// A sentence that is less likely than this to answer is no quote.
constexpr double kQuoteFloor = 0.5;

class TrainedSpeaker final : public Speaker {
 public:
  TrainedSpeaker(SpeakerParts parts, VerbRenderer renderer)
      : parts_(std::move(parts)), renderer_(std::move(renderer)) {}

  Task<Result<Choice>> choose(ChooseRequest request) override {
    CO_TRY(auto scores, co_await judge({renderer_.choose(request)}));
    for (double& score : scores.by_judgement[0]) score /= parts_.choice_temperature;
    co_return Choice{.probabilities = choice_probabilities(scores.by_judgement[0]), .usage = scores.usage};
  }

  Task<Result<Quotes>> quote(QuoteRequest request) override {
    if (quote_form_of(request.prompt.task) == QuoteForm::span) {
      SpanPrompt prompt = span_prompt(request);
      co_return co_await quote_spans(parts_, std::move(prompt), request.quotes_max);
    }
    const auto cut = [&] { return cut_sources(request); };
    Windows windows = co_await run_blocking(parts_.pool, cut);
    CO_TRY(const auto scores, co_await judge(std::move(windows.judgements)));
    Quotes quotes{.usage = scores.usage};
    for (std::size_t window = 0; window < windows.sentences.size(); ++window) {
      for (std::size_t i = 0; i < windows.sentences[window].size(); ++i) {
        Quote quote = windows.sentences[window][i];
        quote.score = yes_probability(scores.by_judgement[window][i] / parts_.choice_temperature);
        if (quote.score >= kQuoteFloor) quotes.quotes.push_back(quote);
      }
    }
    std::ranges::sort(quotes.quotes, [](const Quote& a, const Quote& b) {
      return std::tie(b.score, a.source, a.begin) < std::tie(a.score, b.source, b.begin);
    });
    if (quotes.quotes.size() > request.quotes_max) quotes.quotes.resize(request.quotes_max);
    co_return quotes;
  }

  Task<Result<Written>> write(WriteRequest request, TextSink* sink) override {
    std::vector<TokenId> prompt = renderer_.write(request.prompt);
    co_return co_await write_after(parts_, std::move(prompt), std::move(request), sink);
  }

  Task<Result<std::vector<std::vector<float>>>> embed(std::vector<std::string> texts) override {
    std::vector<std::vector<TokenId>> tokens;
    for (const std::string& text : texts) tokens.push_back(renderer_.embed(text));
    co_return co_await model::embed(parts_.engine, std::move(tokens), Priority::normal);
  }

  Result<std::vector<TokenId>> prompt_over(const Prompt& prompt,
                                           const std::vector<std::string>& sources) const override {
    return renderer_.quote_span(prompt, sources).prefix;
  }

 private:
  struct JudgementScores {
    std::vector<std::vector<double>> by_judgement{};
    Usage usage{};
  };

  /// Judgements, and the sentences that their candidates are.
  struct Windows {
    std::vector<Judgement> judgements{};
    std::vector<std::vector<Quote>> sentences{};
  };

  /// logit(yes) - logit(no) for each candidate.
  Task<Result<JudgementScores>> judge(std::vector<Judgement> judgements) {
    std::vector<ScoreRequest> requests;
    JudgementScores scores;
    for (Judgement& judgement : judgements) {
      scores.usage.tokens_in += judgement.prefix.size();
      for (const auto& candidate : judgement.candidates) scores.usage.tokens_in += candidate.size();
      requests.push_back({.prefix = std::move(judgement.prefix),
                          .continuations = std::move(judgement.candidates),
                          .wants_logprobs = false,
                          .read = {renderer_.tokens().yes, renderer_.tokens().no}});
    }
    CO_TRY(const auto answers, co_await score(parts_.engine, std::move(requests), Priority::normal));
    for (const Scores& answer : answers) {
      auto& values = scores.by_judgement.emplace_back();
      for (const ContinuationScore& candidate : answer.continuations)
        values.push_back(static_cast<double>(candidate.read_logits[0]) -
                         static_cast<double>(candidate.read_logits[1]));
    }
    co_return scores;
  }

  Windows cut_sources(const QuoteRequest& request) const {
    Windows windows;
    for (std::size_t source = 0; source < request.sources.size(); ++source) {
      const std::string& text = request.sources[source];
      for (const SourceWindow& window : renderer_.cut_windows(text)) {
        if (window.sentences.empty()) continue;
        windows.judgements.push_back(renderer_.quote_sentences(request.prompt, text, window));
        auto& sentences = windows.sentences.emplace_back();
        for (const TextRange range : window.sentences)
          sentences.push_back({.source = source, .begin = range.begin, .end = range.end});
      }
    }
    return windows;
  }

  SpanPrompt span_prompt(const QuoteRequest& request) const {
    SpanQuestion question = renderer_.quote_span(request.prompt, request.sources);
    SpanPrompt prompt{.prompt = std::move(question.prefix),
                      .tokens = std::move(question.sources),
                      .none = {renderer_.tokens().none},
                      .end_tokens = {renderer_.tokens().end},
                      .boundary = QuoteBoundary::word};
    for (const auto& tokens : prompt.tokens) prompt.texts.push_back(parts_.tokenizer.decode(tokens));
    return prompt;
  }

  SpeakerParts parts_;
  VerbRenderer renderer_;
};

}  // namespace

Result<std::unique_ptr<Speaker>> make_trained_speaker(SpeakerParts parts) {
  TRY(VerbRenderer renderer, VerbRenderer::make(parts.tokenizer));
  return std::unique_ptr<Speaker>(std::make_unique<TrainedSpeaker>(std::move(parts), std::move(renderer)));
}

}  // namespace lyceum::model
