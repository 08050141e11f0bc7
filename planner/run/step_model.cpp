// The model's verbs as journalled calls.
#include <optional>

#include <boost/asio/post.hpp>

#include "planner/run/call_codec.hpp"
#include "planner/run/generation.hpp"
#include "planner/run/interruptible.hpp"
#include "planner/run/step_run.hpp"

namespace lyceum::planner {
namespace {

constexpr std::size_t kCheckpointBytes = 2000;
/// What a crash may cost a text; fewer make a longer log.
constexpr std::size_t kCheckpointTokens = 32;

Json usage_of(const model::Usage& usage) {
  return {{"tokens_in", usage.tokens_in}, {"tokens_out", usage.tokens_out}, {"model_calls", 1}};
}

template <class T>
std::vector<Event> nothing_beside(const T&) {
  return {};
}

}  // namespace

/// Streams a text as deltas, commits it piece by piece, and is where a pause stops a writer: between two
/// tokens.
class DeltaSink final : public model::TextSink {
 public:
  /// `sources`: the texts that the prompt was made of.
  DeltaSink(StepRun& step, StepRun::Call call, std::string message, Json sources)
      : step_(step), call_(std::move(call)), message_(std::move(message)), sources_(std::move(sources)) {}

  /// What this call has written so far, when the model that wrote it is the one that is asked now.
  model::TokenTrace begun() {
    const auto step = step_.run_.state_.steps.find(step_.input_.step_id);
    if (step == step_.run_.state_.steps.end()) return {};
    const auto known = step->second.calls.find(call_.pos);
    const bool goes_on = known != step->second.calls.end() &&
                         known->second.state == RecordedCall::State::writing &&
                         known->second.fingerprint == call_.fingerprint &&
                         known->second.draft.model == identity_of(step_.run_.parts_.model);
    if (!goes_on) return {};
    text_ = known->second.draft.text;
    committed_bytes_ = text_.size();
    has_tokens_ = true;
    return known->second.draft.trace;
  }

  void on_contrast(model::TraceContrast contrast) override { contrast_ = std::move(contrast); }

  void on_prompt(std::vector<std::int32_t> tokens) override {
    text_.clear();
    committed_bytes_ = 0;
    has_tokens_ = true;
    Json data = {{"message", message_},
                 {"name", call_.name},
                 {"task", call_.args.value("task", "")},
                 {"fingerprint", call_.fingerprint},
                 {"model", identity_of(step_.run_.parts_.model)},
                 {"sources", std::move(sources_)},
                 {"prompt", std::move(tokens)},
                 {"contrast", contrast_.strength},
                 {"prompt_without", std::move(contrast_.prompt)}};
    log(call_event("gen.started", std::move(data)));
  }

  void on_token(std::int32_t token) override { coming_.push_back(token); }

  void on_experts(model::ExpertChange change) override { changes_.push_back(change); }

  std::uint32_t experts_wanted(std::uint32_t) override { return step_.run_.state_.experts; }

  Task<bool> on_text(std::string piece) override {
    Run& run = step_.run_;
    const bool is_held = run.state_.blocking_hold(step_.input_.step_id) != nullptr;
    if (is_held || is_due()) commit();
    // A writer that never waits would keep a pause from being heard.
    co_await net::post(run.strand_, net::use_awaitable);
    if (const auto go = co_await step_.proceed(); !go) co_return false;
    if (!message_.empty()) {
      Json delta = {{"message", message_}, {"offset", text_.size()}, {"text", piece}};
      run.publish_delta("message.delta", step_.input_.step_id, step_.input_.attempt, std::move(delta));
    }
    text_ += piece;
    tokens_.insert(tokens_.end(), coming_.begin(), coming_.end());
    coming_.clear();
    co_return true;
  }

  /// The last of it, to be logged with the call's result.
  std::vector<Event> rest() {
    tokens_.insert(tokens_.end(), coming_.begin(), coming_.end());
    if (!has_tokens_) return {};
    std::vector<Event> events;
    events.push_back(checkpoint());
    return events;
  }

 private:
  bool is_due() const {
    return tokens_.size() >= kCheckpointTokens || !changes_.empty() ||
           (!message_.empty() && text_.size() >= committed_bytes_ + kCheckpointBytes);
  }

  void commit() {
    const bool has_news = text_.size() > committed_bytes_ || !tokens_.empty() || !changes_.empty();
    if (has_news && (has_tokens_ || !message_.empty())) log(checkpoint());
  }

  Event checkpoint() {
    Json data = {{"message", message_},
                 {"offset", committed_bytes_},
                 {"text", text_.substr(committed_bytes_)},
                 {"tokens", std::exchange(tokens_, {})},
                 {"experts", to_json(std::exchange(changes_, {}))}};
    committed_bytes_ = text_.size();
    return call_event("gen.checkpoint", std::move(data));
  }

  Event call_event(std::string type, Json data) const {
    Event made = step_.event(std::move(type), std::move(data));
    if (has_tokens_) made.pos = call_.pos;
    return made;
  }

  void log(Event event) {
    std::vector<Event> events;
    events.push_back(std::move(event));
    step_.run_.log(std::move(events), memory::Durability::grouped);
  }

  StepRun& step_;
  StepRun::Call call_;
  std::string message_;
  Json sources_;
  model::TraceContrast contrast_{};
  std::string text_{};
  std::size_t committed_bytes_ = 0;
  bool has_tokens_ = false;             ///< The model says which tokens it writes.
  std::vector<std::int32_t> coming_{};  ///< Of characters that are not whole yet.
  std::vector<std::int32_t> tokens_{};  ///< Of `text_`, since the last checkpoint.
  std::vector<model::ExpertChange> changes_{};
};

template <class T, class Ask>
Task<Result<T>> StepRun::ask_model(const Call& call, Ask ask) {
  for (std::uint32_t round = 1;; ++round) {
    Result<T> answer = co_await interruptible(ask());
    run_.parts_.metrics.add(
        "lyceum_model_calls_total", "Model calls by verb and outcome", 1,
        {{"verb", call.name}, {"outcome", answer ? "ok" : std::string(name_of(answer.error().code))}});
    const bool is_down = !answer && (answer.error().code == Errc::unavailable ||
                                     answer.error().code == Errc::deadline_exceeded);
    if (!is_down) co_return answer;
    const std::string hold = run_.parts_.ids.next();
    Json opened =
        opened_data({.id = hold,
                     .kind = "resource",
                     .scope = input_.step_id,
                     .title = "The model does not answer: " + answer.error().message,
                     .detail = {{"tries", round}, {"why", "approve to ask again, deny to go on without"}},
                     .fingerprint = call.fingerprint,
                     .opened_ms = run_.parts_.clock.now_ms()});
    std::vector<Event> events = {
        event("action.retried",
              {{"name", call.name}, {"tries", round}, {"wait_ms", 0}, {"message", answer.error().message}}),
        event("hold.opened", std::move(opened))};
    co_await commit(std::move(events), memory::Durability::synced);
    CO_TRY_OK(co_await wait_hold_closed(hold));
    if (run_.state_.decisions[hold].decision == "deny") co_return answer;
  }
}

template <class T, class Ask, class ToJson, class FromJson, class Beside>
Task<Result<T>> StepRun::model_call(Call call, Ask ask, ToJson to_json_of, FromJson from_json,
                                    Beside beside) {
  if (const RecordedCall* known = recorded(call)) {
    if (known->state == RecordedCall::State::observed) co_return from_json(known->result);
    if (known->state == RecordedCall::State::failed) co_return known->error;
  }
  CO_TRY_OK(co_await proceed());
  call.begun_ms = run_.parts_.clock.now_ms();
  Result<T> answer = co_await ask_model<T>(call, ask);
  if (!answer) co_return co_await fail(std::move(call), "", std::move(answer).error(), {{"model_calls", 1}});
  CO_TRY([[maybe_unused]] const Json logged, co_await observe(std::move(call), "", to_json_of(*answer),
                                                              usage_of(answer->usage), beside(*answer)));
  co_return answer;
}

Task<Result<model::Choice>> StepRun::choose(model::ChooseRequest request) {
  Json shown = describe(request.prompt);
  shown["options"] = request.options;
  Call call = begin("model.choose", std::move(shown), identity_of(request));
  const auto ask = [this, &request] {
    request.experts = run_.state_.experts;
    return run_.parts_.model.choose(request);
  };
  co_return co_await model_call<model::Choice>(
      std::move(call), ask, [](const model::Choice& choice) { return to_json(choice); }, choice_from_json,
      nothing_beside<model::Choice>);
}

Task<Result<model::Quotes>> StepRun::quote(model::QuoteRequest request) {
  Json shown = describe(request.prompt);
  shown["sources"] = request.sources.size();
  Call call = begin("model.quote", std::move(shown), identity_of(request));
  const auto ask = [this, &request] {
    request.experts = run_.state_.experts;
    return run_.parts_.model.quote(request);
  };
  co_return co_await model_call<model::Quotes>(
      std::move(call), ask, [](const model::Quotes& quotes) { return to_json(quotes); }, quotes_from_json,
      nothing_beside<model::Quotes>);
}

Task<Result<model::Support>> StepRun::measure_support(model::SupportRequest request) {
  Json shown = describe(request.prompt);
  shown["claim"] = request.claim;
  shown["sources"] = request.sources.size();
  Call call = begin("model.support", std::move(shown), identity_of(request));
  const auto ask = [this, &request]() -> Task<Result<model::Support>> {
    model::WhiteBox* const white_box = run_.parts_.model.white_box();
    if (white_box == nullptr)
      co_return Error{Errc::unsupported,
                      "the model " + run_.parts_.model.info().name + " does not measure support"};
    co_return co_await white_box->measure_support(request);
  };
  co_return co_await model_call<model::Support>(
      std::move(call), ask, [](const model::Support& support) { return to_json(support); }, support_from_json,
      nothing_beside<model::Support>);
}

Task<Result<model::Written>> StepRun::write(model::WriteRequest request, std::string message) {
  Call call = begin("model.write", describe(request.prompt), identity_of(request));
  std::optional<DeltaSink> sink;
  const auto ask = [&, shown = call]() -> Task<Result<model::Written>> {
    // A new sink a try: what was not committed is streamed again.
    sink.emplace(*this, shown, message, sources_of(request.prompt));
    request.begun = sink->begun();
    request.experts = run_.state_.experts;
    request.contrast = request.without_sources ? run_.state_.contrast : 0;
    co_return co_await run_.parts_.model.write(request, &*sink);
  };
  const auto beside = [&](const model::Written& written) {
    std::vector<Event> events = sink->rest();
    if (!message.empty())
      events.push_back(
          event("message.finished", {{"message", message}, {"role", "agent"}, {"text", written.text}}));
    if (written.expert_use.num_tokens > 0)
      run_.parts_.metrics.set(
          "lyceum_model_routing_consistency",
          "Of a token's experts, the part that the token before it used: of the last text",
          written.expert_use.routing_consistency);
    return events;
  };
  co_return co_await model_call<model::Written>(
      std::move(call), ask, [](const model::Written& written) { return to_json(written); }, written_from_json,
      beside);
}

}  // namespace lyceum::planner
