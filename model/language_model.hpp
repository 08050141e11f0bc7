#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/async/task.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

/// The one face that agents see of any model, large or small, in process or remote: three verbs and embed.
namespace lyceum::model {

class ChatModel;      // model/chat_model.hpp
class EngineMonitor;  // model/engine_status.hpp
class WhiteBox;       // model/white_box.hpp

/// What is asked, twice: rendered as text for a neural model, and as a named task with its inputs for a
/// provider that has a method per task instead of a network.
struct Prompt {
  std::string task{};           ///< "deep_search.sentence_answers": the catalogue is in model/README.md.
  Json slots = Json::object();  ///< The task's inputs.
  std::string system{};         ///< Role and rules.
  std::string user{};           ///< The request; untrusted text is fenced inside it.
};

struct Usage {
  std::uint64_t tokens_in = 0;
  std::uint64_t tokens_out = 0;
};

/// Which of N answers? One scored pass over the options.
struct ChooseRequest {
  Prompt prompt{};
  std::vector<std::string> options{};  ///< 2..kMaxOptions, distinct, not empty.
  std::uint32_t experts = 0;           ///< A token and layer, where the model has experts; 0: its own number.
};

struct Choice {
  std::vector<double> probabilities{};  ///< One an option; sums to 1.
  Usage usage{};
};

inline constexpr std::size_t kMaxOptions = 64;

/// Which passages of these texts say it? Spans are verbatim by construction or by check.
struct QuoteRequest {
  Prompt prompt{};
  std::vector<std::string> sources{};  ///< 1..kMaxSources texts, each at most kMaxSourceBytes.
  std::size_t quotes_max = 5;
  std::uint32_t experts = 0;  ///< As in ChooseRequest.
};

inline constexpr std::size_t kMaxSources = 64;
inline constexpr std::size_t kMaxSourceBytes = 256U << 10U;

struct Quote {
  std::size_t source = 0;  ///< Index into `sources`.
  std::size_t begin =
      0;  ///< Byte range in that source: sources[source].substr(begin, end - begin) is the quote.
  std::size_t end = 0;
  double score = 0;  ///< 0..1: how well it answers.
};

struct Quotes {
  std::vector<Quote> quotes{};  ///< Best first; empty when nothing in the sources says it.
  Usage usage{};
};

/// From this token of a text on, so many experts a token and layer; 0: the model's own number.
struct ExpertChange {
  std::uint64_t token = 0;
  std::uint32_t experts = 0;

  friend bool operator==(const ExpertChange&, const ExpertChange&) = default;
};

/// What a text was drawn away from: the prompt without its sources, and how strongly.
struct TraceContrast {
  std::vector<std::int32_t> prompt{};
  double strength = 0;  ///< 0: it was not.

  friend bool operator==(const TraceContrast&, const TraceContrast&) = default;
};

inline constexpr double kMaxContrast = 4;

/// A text as the tokens of the model that wrote it: all that this model needs, besides the request, to go on
/// with it, and all that it needs to show it again.
struct TokenTrace {
  std::vector<std::int32_t> prompt{};
  std::vector<std::int32_t> tokens{};
  /// Ascending. One for token 0 held for the prompt as well.
  std::vector<ExpertChange> experts{};
  TraceContrast contrast{};

  friend bool operator==(const TokenTrace&, const TokenTrace&) = default;
};

/// How the tokens of a text spread over the experts of a model.
struct ExpertUse {
  std::vector<std::vector<std::uint64_t>> tokens{};  ///< [layer][expert]; a dense layer's row is empty.
  std::uint64_t num_tokens = 0;
  /// Of the experts of a token, the part that the token before it used too, as a mean: 0..1.
  double routing_consistency = 0;
};

/// Say it: text, or JSON that conforms to a schema.
struct WriteRequest {
  Prompt prompt{};
  Json schema = nullptr;  ///< JSON Schema of the result, or null for text.
  std::uint32_t tokens_max = 1024;
  double temperature = 0;
  std::uint64_t seed = 0;
  std::uint32_t experts = 0;  ///< As in ChooseRequest, for the tokens to come.
  /// 0..kMaxContrast; above 0, what the sources of the prompt say wins over what the model remembers, the
  /// more the further both are apart at a token. Only for capabilities.shows_tokens; others ignore it.
  double contrast = 0;
  std::optional<Prompt> without_sources{};  ///< For contrast: the prompt as it is with its sources hidden.
  /// What a sink got of this request before: it goes on behind that, if its prompt is still the same. Only
  /// for capabilities.resumes_at_token.
  TokenTrace begun{};
};

struct Written {
  std::string text{};    ///< The whole text; JSON text when a schema was given.
  Json value = nullptr;  ///< The parsed, valid JSON when a schema was given.
  Usage usage{};
  ExpertUse expert_use{};  ///< Of the tokens since the writing began or went on; empty where there is none.
};

/// Receives text while it is written. Suspending in it suspends the writer: that is how a pause works.
class TextSink {
 public:
  TextSink() = default;
  TextSink(const TextSink&) = delete;
  TextSink& operator=(const TextSink&) = delete;
  virtual ~TextSink() = default;

  /// One piece, at least a token, in order. False: stop writing (the write then ends as cancelled).
  virtual Task<bool> on_text(std::string piece) = 0;

  // From here on: by models that resume at a token. What a write goes on behind does not come again.

  /// Before on_prompt, where the request has a contrast.
  virtual void on_contrast(TraceContrast contrast) { static_cast<void>(contrast); }

  /// First of all, unless it goes on behind WriteRequest::begun: nothing of that counts then.
  virtual void on_prompt(std::vector<std::int32_t> tokens) { static_cast<void>(tokens); }

  /// Every token, before the text that it completes.
  virtual void on_token(std::int32_t token) { static_cast<void>(token); }

  /// At the latest before the token with its number.
  virtual void on_experts(ExpertChange change) { static_cast<void>(change); }

  /// Asked after each token; `now`: what was asked for last. As WriteRequest::experts, for the tokens that
  /// are not computed yet.
  virtual std::uint32_t experts_wanted(std::uint32_t now) { return now; }
};

/// What a provider can do. Agents ask for these and degrade openly.
struct Capabilities {
  bool follows_instructions = false;  ///< Writes prose from a prompt, not from templates.
  bool exact_choice = false;  ///< choose reads the distribution (logits or logprobs), not an imitation of it.
  bool bound_quotes = false;  ///< quote cannot leave the sources, as against being checked afterwards.
  bool embeds = false;
  bool deterministic = false;     ///< The same request gives the same bytes.
  bool resumes_at_token = false;  ///< A paused or crashed write goes on where it stopped.
  bool shows_tokens = false;      ///< white_box() tells what went into every token, and measures support.
};

struct ModelInfo {
  std::string provider{};  ///< "lexical", "remote".
  std::string name{};
  std::string summary{};  ///< A sentence or two for the person at the screen.
  Capabilities capabilities{};
  std::vector<std::string> limits{};  ///< What it cannot do, one sentence each.
};

/// Threads: any executor may call any member at the same time; tasks resume on their caller's executor.
/// Cancellation: cancelling the task ends the request. Errors of every verb: invalid_argument (limits above),
/// unavailable (down; retries are spent), deadline_exceeded, cancelled, unsupported, malformed (the model's
/// answer could not be used after the permitted tries).
class LanguageModel {
 public:
  LanguageModel() = default;
  LanguageModel(const LanguageModel&) = delete;
  LanguageModel& operator=(const LanguageModel&) = delete;
  virtual ~LanguageModel() = default;

  virtual const ModelInfo& info() const = 0;
  virtual Task<Result<Choice>> choose(ChooseRequest request) = 0;
  virtual Task<Result<Quotes>> quote(QuoteRequest request) = 0;
  /// `sink` may be null; it must outlive the task.
  virtual Task<Result<Written>> write(WriteRequest request, TextSink* sink) = 0;
  /// One unit vector a text, all of one length. unsupported when capabilities.embeds is false.
  virtual Task<Result<std::vector<std::vector<float>>>> embed(std::vector<std::string> texts) = 0;

  /// Raw chat with the same model, and a view into its engine; null where the provider has none. All live
  /// with the model.
  virtual ChatModel* chat_model() { return nullptr; }

  virtual const EngineMonitor* engine_monitor() const { return nullptr; }

  /// What the model shows of itself; null where the provider shows nothing.
  virtual WhiteBox* white_box() { return nullptr; }
};

/// Checks the limits that hold for every provider. Errors: invalid_argument, naming the limit.
Result<void> validate(const ChooseRequest& request);
Result<void> validate(const QuoteRequest& request);
Result<void> validate(const WriteRequest& request);

}  // namespace lyceum::model
