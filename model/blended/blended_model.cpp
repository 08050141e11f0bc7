#include <algorithm>
#include <cmath>
#include <set>

#include "model/blended.hpp"
#include "model/decoding/softmax.hpp"
#include "model/files/gguf.hpp"
#include "model/quote_order.hpp"
#include "model/verbs/verbs.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxTasks = 64;
/// Stands in a blend whose vectors are worth searching with.
constexpr std::string_view kEmbedTask = "embed";
/// Probabilities are kept away from 0 and 1 by this: a rule's certainty is no proof.
constexpr double kLeastProbability = 0.01;
/// Quotes of the lexical model that are put in a new order, for each that is wanted.
constexpr std::size_t kCandidatesPerQuote = 4;
constexpr std::size_t kMaxCandidates = 64;
/// Where short answers are looked for, and in how many sentences for each that is wanted.
constexpr const char* kEvidenceTask = "deep_search.evidence";
constexpr std::size_t kSentencesPerSpan = 2;

double log_odds(double probability) {
  const double p = std::clamp(probability, kLeastProbability, 1 - kLeastProbability);
  return std::log(p / (1 - p));
}

double probability_of(double score) {
  return 1 / (1 + std::exp(-score));
}

std::string names_of(const Blend& blend) {
  std::string names;
  for (const auto& [task, weights] : blend) {
    if (weights.trained == 0 || task == kEmbedTask) continue;
    names += (names.empty() ? "" : ", ") + task + (weights.lexical > 0 ? " (with them)" : "");
  }
  return names;
}

std::vector<double> log_probabilities(const Choice& choice, double weight) {
  std::vector<double> scores;
  for (const double p : choice.probabilities)
    scores.push_back(weight * std::log(std::max(p, kLeastProbability)));
  return scores;
}

void add(Usage& usage, const Usage& more) {
  usage.tokens_in += more.tokens_in;
  usage.tokens_out += more.tokens_out;
}

class BlendedModel final : public LanguageModel {
 public:
  BlendedModel(std::unique_ptr<LanguageModel> trained, std::unique_ptr<LanguageModel> lexical, Blend blend)
      : trained_(std::move(trained)),
        lexical_(std::move(lexical)),
        blend_(std::move(blend)),
        info_(info_of(trained_->info(), lexical_->info(), blend_)) {}

  const ModelInfo& info() const override { return info_; }

  Task<Result<Choice>> choose(ChooseRequest request) override {
    const BlendWeights weights = weights_of(request.prompt.task);
    if (weights.trained == 0) co_return co_await lexical_->choose(std::move(request));
    if (weights.lexical == 0 && weights.trained == 1) co_return co_await trained_->choose(std::move(request));
    CO_TRY(Choice choice, co_await trained_->choose(request));
    std::vector<double> scores = log_probabilities(choice, weights.trained);
    if (weights.lexical > 0) {
      CO_TRY(const Choice rules, co_await lexical_->choose(std::move(request)));
      const std::vector<double> more = log_probabilities(rules, weights.lexical);
      for (std::size_t i = 0; i < scores.size(); ++i) scores[i] += more[i];
      add(choice.usage, rules.usage);
    }
    choice.probabilities = softmax(std::move(scores));
    co_return choice;
  }

  Task<Result<Quotes>> quote(QuoteRequest request) override {
    const BlendWeights weights = weights_of(request.prompt.task);
    if (weights.trained == 0) co_return co_await lexical_->quote(std::move(request));
    const bool is_short = quote_form_of(request.prompt.task) == QuoteForm::span;
    if (is_short && weights_of(kEvidenceTask).lexical > 0) co_return co_await quote_short(std::move(request));
    if (weights.lexical == 0) co_return co_await trained_->quote(std::move(request));
    const std::size_t quotes_max = request.quotes_max;
    request.quotes_max = std::min(kMaxCandidates, quotes_max * kCandidatesPerQuote);
    CO_TRY(Quotes quotes, co_await lexical_->quote(request));
    request.quotes_max = kMaxCandidates;
    CO_TRY(const Quotes sentences, co_await trained_->quote(std::move(request)));
    for (Quote& quote : quotes.quotes) {
      quote.score = probability_of(weights.lexical * log_odds(quote.score) +
                                   weights.trained * log_odds(best_within(sentences, quote)) + weights.bias);
    }
    sort_and_cut(quotes, quotes_max);
    add(quotes.usage, sentences.usage);
    co_return quotes;
  }

  Task<Result<Written>> write(WriteRequest request, TextSink* sink) override {
    LanguageModel& model = weights_of(request.prompt.task).trained == 0 ? *lexical_ : *trained_;
    co_return co_await model.write(std::move(request), sink);
  }

  Task<Result<std::vector<std::vector<float>>>> embed(std::vector<std::string> texts) override {
    if (!info_.capabilities.embeds) co_return co_await lexical_->embed(std::move(texts));
    co_return co_await trained_->embed(std::move(texts));
  }

  ChatModel* chat_model() override { return trained_->chat_model(); }

  const EngineMonitor* engine_monitor() const override { return trained_->engine_monitor(); }

  WhiteBox* white_box() override { return trained_->white_box(); }

 private:
  /// A short answer lies in one of the sentences that both models prefer.
  Task<Result<Quotes>> quote_short(QuoteRequest request) {
    QuoteRequest evidence = request;
    evidence.prompt.task = kEvidenceTask;
    evidence.quotes_max = request.quotes_max * kSentencesPerSpan;
    CO_TRY(const Quotes sentences, co_await quote(std::move(evidence)));
    Quotes quotes{.usage = sentences.usage};
    for (const Quote& sentence : sentences.quotes) {
      QuoteRequest within{.prompt = request.prompt, .sources = {}, .quotes_max = 1};
      within.sources.push_back(
          request.sources[sentence.source].substr(sentence.begin, sentence.end - sentence.begin));
      CO_TRY(const Quotes spans, co_await trained_->quote(std::move(within)));
      add(quotes.usage, spans.usage);
      for (const Quote& span : spans.quotes) {
        quotes.quotes.push_back({.source = sentence.source,
                                 .begin = sentence.begin + span.begin,
                                 .end = sentence.begin + span.end,
                                 .score = sentence.score * span.score});
      }
    }
    sort_and_cut(quotes, request.quotes_max);
    co_return quotes;
  }

  static void sort_and_cut(Quotes& quotes, std::size_t quotes_max) {
    sort_best_first(quotes.quotes);
    if (quotes.quotes.size() > quotes_max) quotes.quotes.resize(quotes_max);
  }

  static ModelInfo info_of(const ModelInfo& trained, const ModelInfo& lexical, const Blend& blend) {
    ModelInfo info = trained;
    info.summary += " It decides " + names_of(blend) + "; rules of words and templates do the rest.";
    info.capabilities.embeds = trained.capabilities.embeds && blend.contains(kEmbedTask);
    // Texts are the rules': what a text can do is theirs, too.
    info.capabilities.follows_instructions = lexical.capabilities.follows_instructions;
    info.capabilities.resumes_at_token = lexical.capabilities.resumes_at_token;
    info.capabilities.deterministic =
        trained.capabilities.deterministic && lexical.capabilities.deterministic;
    info.limits = lexical.limits;
    info.limits.insert(info.limits.end(), trained.limits.begin(), trained.limits.end());
    return info;
  }

  BlendWeights weights_of(const std::string& task) const {
    const auto weights = blend_.find(task);
    return weights == blend_.end() ? BlendWeights{.trained = 0, .lexical = 1} : weights->second;
  }

  /// The score of the best sentence that overlaps the quote; 0 where the trained model quotes none of it.
  static double best_within(const Quotes& sentences, const Quote& quote) {
    double best = 0;
    for (const Quote& sentence : sentences.quotes) {
      const bool overlaps =
          sentence.source == quote.source && sentence.begin < quote.end && quote.begin < sentence.end;
      if (overlaps) best = std::max(best, sentence.score);
    }
    return best;
  }

  std::unique_ptr<LanguageModel> trained_;
  std::unique_ptr<LanguageModel> lexical_;
  Blend blend_;
  ModelInfo info_;
};

}  // namespace

Result<Blend> read_blend(const Json& json) {
  if (!json.is_object() || json.size() > kMaxTasks)
    return Error{Errc::invalid_argument,
                 "blend: expected an object of at most " + std::to_string(kMaxTasks) + " tasks"};
  Blend blend;
  for (const auto& [task, item] : json.items()) {
    FieldReader fields(item, "blend." + task);
    BlendWeights& weights = blend[task];
    weights.trained = fields.number("trained", 0, 0, 100);
    weights.lexical = fields.number("lexical", 0, 0, 100);
    weights.bias = fields.number("bias", 0, -100, 100);
    TRY_OK(fields.finish());
    if (weights.trained + weights.lexical == 0)
      return Error{Errc::invalid_argument, "blend." + task + ": one of trained and lexical must be above 0"};
  }
  return blend;
}

Json to_json(const Blend& blend) {
  Json json = Json::object();
  for (const auto& [task, weights] : blend)
    json[task] = {{"trained", weights.trained}, {"lexical", weights.lexical}, {"bias", weights.bias}};
  return json;
}

Result<Blend> blend_of_file_blocking(const std::string& path) {
  TRY(const GgufFile file, GgufFile::open_blocking(path));
  TRY(const std::string_view text, file.get_string_or(kBlendKey, ""));
  if (text.empty()) return Blend();
  const auto blend = [&]() -> Result<Blend> {
    TRY(const Json json, parse_json(text));
    return read_blend(json);
  }();
  if (!blend) return Error{Errc::malformed, path + ": " + kBlendKey + ": " + blend.error().message};
  return *blend;
}

std::unique_ptr<LanguageModel> make_blended_model(std::unique_ptr<LanguageModel> trained,
                                                  std::unique_ptr<LanguageModel> lexical, Blend blend) {
  return std::make_unique<BlendedModel>(std::move(trained), std::move(lexical), std::move(blend));
}

}  // namespace lyceum::model
