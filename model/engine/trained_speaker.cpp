// The verbs as a model of model/verbs was trained for them.
#include <algorithm>

#include "model/engine/engine_calls.hpp"
#include "model/engine/writing.hpp"
#include "model/lexical/answer_spans.hpp"
#include "model/lexical/slots.hpp"
#include "model/quote_order.hpp"
#include "model/verbs/verbs.hpp"

namespace lyceum::model {
namespace {

/// What is less likely than this to answer is no quote.
constexpr double kQuoteFloor = 0.01;
/// Which sentence to look in is what this task was trained on.
constexpr const char* kEvidenceTask = "deep_search.evidence";
/// Sentences whose words are read, for each short quote that is wanted: the words may overrule the order of
/// the sentences.
constexpr std::size_t kSentencesPerSpan = 3;

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
    const bool is_short = quote_form_of(request.prompt.task) == QuoteForm::span;
    CO_TRY(Quotes quotes, co_await (is_short ? quote_short(request) : mark_sentences(request)));
    std::erase_if(quotes.quotes, [](const Quote& quote) { return quote.score < kQuoteFloor; });
    if (quotes.quotes.size() > request.quotes_max) quotes.quotes.resize(request.quotes_max);
    co_return quotes;
  }

  Task<Result<Written>> write(WriteRequest request, TextSink* sink) override {
    WritePrompts prompts{.prompt = renderer_.write(request.prompt)};
    if (request.contrast > 0) prompts.without_sources = renderer_.write(*request.without_sources);
    co_return co_await write_after(parts_, std::move(prompts), std::move(request), sink);
  }

  Task<Result<std::vector<std::vector<float>>>> embed(std::vector<std::string> texts) override {
    std::vector<std::vector<TokenId>> tokens;
    for (const std::string& text : texts) tokens.push_back(renderer_.embed(text));
    co_return co_await model::embed(parts_.engine, std::move(tokens), Priority::normal);
  }

  Result<std::vector<TokenId>> prompt_over(const Prompt& prompt,
                                           const std::vector<std::string>& sources) const override {
    return renderer_.over_sources(prompt, sources);
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
    for (const MarkedSentences& marked : windows.marked)
      requests.push_back(marks_request(marked.tokens, marked.marks));
    Quotes quotes{.usage = usage_of(requests)};
    CO_TRY(const auto answers, co_await score(parts_.engine, std::move(requests), Priority::normal));
    for (std::size_t window = 0; window < answers.size(); ++window) {
      const auto probabilities = probabilities_of(answers[window].continuations[0]);
      for (std::size_t i = 0; i < windows.sentences[window].size(); ++i) {
        quotes.quotes.push_back(windows.sentences[window][i]);
        quotes.quotes.back().score = probabilities[i];
      }
    }
    sort_best_first(quotes.quotes);
    co_return quotes;
  }

  /// What is before the sources is the prefix, which the windows share.
  ScoreRequest marks_request(std::span<const TokenId> tokens, std::span<const std::size_t> marks) const {
    const auto source = std::ranges::find(tokens, renderer_.tokens().source);
    ScoreRequest request{.prefix = {tokens.begin(), source},
                         .continuations = {{source, tokens.end()}},
                         .wants_logprobs = false,
                         .read = {renderer_.tokens().yes, renderer_.tokens().no}};
    for (const std::size_t mark : marks) request.read_after.push_back(mark + 1 - request.prefix.size());
    return request;
  }

  /// yes_probability after each mark.
  std::vector<double> probabilities_of(const ContinuationScore& marks) const {
    std::vector<double> probabilities;
    for (std::size_t i = 0; i < marks.read_logits.size(); i += 2) {
      const double score = score_of(std::span(marks.read_logits).subspan(i, 2));
      probabilities.push_back(yes_probability(score / parts_.choice_temperature));
    }
    return probabilities;
  }

  /// The words of the likeliest sentences that are likeliest to answer, one span a sentence.
  Task<Result<Quotes>> quote_short(const QuoteRequest& request) {
    QuoteRequest question = request;
    question.prompt.task = kEvidenceTask;
    CO_TRY(Quotes quotes, co_await mark_sentences(question));
    quotes.quotes.resize(std::min(quotes.quotes.size(), request.quotes_max * kSentencesPerSpan));
    std::vector<MarkedWords> words;
    std::vector<ScoreRequest> requests;
    std::erase_if(quotes.quotes, [&](const Quote& quote) {
      const std::string_view text = request.sources[quote.source];
      MarkedWords marked =
          renderer_.quote_words(request.prompt, text.substr(quote.begin, quote.end - quote.begin));
      if (marked.words.empty()) return true;
      requests.push_back(marks_request(marked.tokens, marked.marks));
      words.push_back(std::move(marked));
      return false;
    });
    quotes.usage.tokens_in += usage_of(requests).tokens_in;
    const WordWeight unweighted;
    lexical::WordReader reader(unweighted);
    const lexical::Question asked =
        lexical::read_question(lexical::text_slot(request.prompt.slots, "question"), reader);
    CO_TRY(const auto answers, co_await score(parts_.engine, std::move(requests), Priority::normal));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      Quote& quote = quotes.quotes[i];
      const auto probabilities = probabilities_of(answers[i].continuations[0]);
      const std::string_view sentence =
          std::string_view(request.sources[quote.source]).substr(quote.begin, quote.end - quote.begin);
      const lexical::AnswerSpan span =
          lexical::best_answer_span({asked, sentence, words[i].words, probabilities, reader});
      quote.score *= span.expected_f1;
      quote.end = quote.begin + words[i].words[span.end - 1].end;
      quote.begin += words[i].words[span.begin].begin;
    }
    sort_best_first(quotes.quotes);
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

  SpeakerParts parts_;
  VerbRenderer renderer_;
};

}  // namespace

Result<std::unique_ptr<Speaker>> make_trained_speaker(SpeakerParts parts) {
  TRY(VerbRenderer renderer, VerbRenderer::make(parts.tokenizer));
  return std::unique_ptr<Speaker>(std::make_unique<TrainedSpeaker>(std::move(parts), std::move(renderer)));
}

}  // namespace lyceum::model
