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
constexpr double kQuoteFloor = 0.1;
/// Which sentence to look in is what this task was trained on.
constexpr const char* kEvidenceTask = "deep_search.evidence";

class TrainedSpeaker final : public Speaker {
 public:
  TrainedSpeaker(SpeakerParts parts, VerbRenderer renderer)
      : parts_(std::move(parts)), renderer_(std::move(renderer)) {}

  Task<Result<Choice>> choose(ChooseRequest request) override {
    ScoreRequest question;
    const auto verdict = renderer_.verdict(request);
    if (verdict) {
      question = {.prefix = verdict->prefix, .continuations = {{}}, .read = verdict->labels};
    } else {
      Judgement judgement = renderer_.choose(request);
      question = {.prefix = std::move(judgement.prefix),
                  .continuations = std::move(judgement.candidates),
                  .read = {renderer_.tokens().yes, renderer_.tokens().no}};
    }
    question.wants_logprobs = false;
    Usage usage = usage_of({question});
    CO_TRY(const auto answers, co_await score(parts_.engine, {std::move(question)}, Priority::normal));
    std::vector<double> scores;
    for (const ContinuationScore& candidate : answers[0].continuations) {
      if (verdict) {
        scores.assign(candidate.read_logits.begin(), candidate.read_logits.end());
      } else {
        scores.push_back(score_of(candidate.read_logits));
      }
    }
    for (double& value : scores) value /= parts_.choice_temperature;
    co_return Choice{.probabilities = choice_probabilities(scores), .usage = usage};
  }

  Task<Result<Quotes>> quote(QuoteRequest request) override {
    if (quote_form_of(request.prompt.task) == QuoteForm::span) co_return co_await quote_short(request);
    CO_TRY(Quotes quotes, co_await mark_sentences(request));
    std::erase_if(quotes.quotes, [](const Quote& quote) { return quote.score < kQuoteFloor; });
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
  /// Windows, and the sentences that their marks stand after.
  struct Windows {
    std::vector<MarkedSentences> marked{};
    std::vector<std::vector<Quote>> sentences{};
  };

  static Usage usage_of(const std::vector<ScoreRequest>& requests) {
    Usage usage;
    for (const ScoreRequest& request : requests) {
      usage.tokens_in += request.prefix.size();
      for (const auto& continuation : request.continuations) usage.tokens_in += continuation.size();
    }
    return usage;
  }

  /// logit(yes) - logit(no), of logits of both.
  static double score_of(std::span<const float> read_logits) {
    return static_cast<double>(read_logits[0]) - static_cast<double>(read_logits[1]);
  }

  /// All sentences of the sources, best first.
  Task<Result<Quotes>> mark_sentences(const QuoteRequest& request) {
    const auto cut = [&] { return cut_sources(request); };
    const Windows windows = co_await run_blocking(parts_.pool, cut);
    std::vector<ScoreRequest> requests;
    for (const MarkedSentences& marked : windows.marked) requests.push_back(marks_request(marked));
    Quotes quotes{.usage = usage_of(requests)};
    CO_TRY(const auto answers, co_await score(parts_.engine, std::move(requests), Priority::normal));
    for (std::size_t window = 0; window < answers.size(); ++window) {
      const std::span<const float> logits = answers[window].continuations[0].read_logits;
      for (std::size_t i = 0; i < windows.sentences[window].size(); ++i) {
        Quote quote = windows.sentences[window][i];
        quote.score = yes_probability(score_of(logits.subspan(2 * i, 2)) / parts_.choice_temperature);
        quotes.quotes.push_back(quote);
      }
    }
    std::ranges::sort(quotes.quotes, [](const Quote& a, const Quote& b) {
      return std::tie(b.score, a.source, a.begin) < std::tie(a.score, b.source, b.begin);
    });
    co_return quotes;
  }

  /// What is before the sources is the prefix, which the windows share.
  ScoreRequest marks_request(const MarkedSentences& marked) const {
    const auto source = std::ranges::find(marked.tokens, renderer_.tokens().source);
    ScoreRequest request{.prefix = {marked.tokens.begin(), source},
                         .continuations = {{source, marked.tokens.end()}},
                         .wants_logprobs = false,
                         .read = {renderer_.tokens().yes, renderer_.tokens().no}};
    for (const std::size_t mark : marked.marks)
      request.read_after.push_back(mark + 1 - request.prefix.size());
    return request;
  }

  /// A span of each of the likeliest sentences, until one holds none.
  Task<Result<Quotes>> quote_short(const QuoteRequest& request) {
    QuoteRequest question = request;
    question.prompt.task = kEvidenceTask;
    CO_TRY(const Quotes sentences, co_await mark_sentences(question));
    Quotes quotes{.usage = sentences.usage};
    for (const Quote& sentence : sentences.quotes) {
      if (quotes.quotes.size() == request.quotes_max) break;
      const std::string text =
          request.sources[sentence.source].substr(sentence.begin, sentence.end - sentence.begin);
      CO_TRY(const Quotes spans, co_await quote_spans(parts_, span_prompt(request.prompt, text), 1));
      quotes.usage.tokens_in += spans.usage.tokens_in;
      quotes.usage.tokens_out += spans.usage.tokens_out;
      if (spans.quotes.empty()) break;
      Quote quote = spans.quotes[0];
      quote.source = sentence.source;
      quote.begin += sentence.begin;
      quote.end += sentence.begin;
      quotes.quotes.push_back(quote);
    }
    co_return quotes;
  }

  Windows cut_sources(const QuoteRequest& request) const {
    Windows windows;
    for (std::size_t source = 0; source < request.sources.size(); ++source) {
      const std::string& text = request.sources[source];
      for (const SourceWindow& window : renderer_.cut_windows(text)) {
        if (window.sentences.empty()) continue;
        windows.marked.push_back(renderer_.quote_sentences(request.prompt, text, window));
        auto& sentences = windows.sentences.emplace_back();
        for (const TextRange range : window.sentences)
          sentences.push_back({.source = source, .begin = range.begin, .end = range.end});
      }
    }
    return windows;
  }

  SpanPrompt span_prompt(const Prompt& asked, const std::string& source) const {
    SpanQuestion question = renderer_.quote_span(asked, std::vector<std::string>{source});
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
