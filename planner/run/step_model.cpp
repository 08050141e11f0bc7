// The model's verbs as journalled calls.
#include <boost/asio/post.hpp>

#include "planner/run/call_codec.hpp"
#include "planner/run/interruptible.hpp"
#include "planner/run/step_run.hpp"

namespace lyceum::planner {
namespace {

constexpr std::size_t kCheckpointBytes = 2000;

Json usage_of(const model::Usage& usage) {
  return {{"tokens_in", usage.tokens_in}, {"tokens_out", usage.tokens_out}, {"model_calls", 1}};
}

}  // namespace

/// Streams a text as deltas, and is where a pause stops a writer: between two pieces.
class DeltaSink final : public model::TextSink {
 public:
  DeltaSink(StepRun& step, std::string message) : step_(step), message_(std::move(message)) {}

  Task<bool> on_text(std::string piece) override {
    Run& run = step_.run_;
    const bool is_held = run.state_.blocking_hold(step_.input_.step_id) != nullptr;
    if (!message_.empty() && (is_held || text_.size() >= checkpointed_ + kCheckpointBytes)) {
      checkpointed_ = text_.size();
      std::vector<Event> events = {step_.event("gen.checkpoint", {{"message", message_}, {"text", text_}})};
      run.log(std::move(events), memory::Durability::grouped);
    }
    // A writer that never waits would keep a pause from being heard.
    co_await net::post(run.strand_, net::use_awaitable);
    if (const auto go = co_await step_.proceed(); !go) co_return false;
    if (!message_.empty()) {
      Json delta = {{"message", message_}, {"offset", text_.size()}, {"text", piece}};
      run.publish_delta("message.delta", step_.input_.step_id, step_.input_.attempt, std::move(delta));
    }
    text_ += piece;
    co_return true;
  }

 private:
  StepRun& step_;
  std::string message_;
  std::string text_;
  std::size_t checkpointed_ = 0;
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

template <class T, class Ask, class ToJson, class FromJson>
Task<Result<T>> StepRun::model_call(Call call, Ask ask, ToJson to_json_of, FromJson from_json,
                                    std::string message) {
  if (const RecordedCall* known = recorded(call)) {
    if (known->state == RecordedCall::State::observed) co_return from_json(known->result);
    if (known->state == RecordedCall::State::failed) co_return known->error;
  }
  CO_TRY_OK(co_await proceed());
  call.begun_ms = run_.parts_.clock.now_ms();
  Result<T> answer = co_await ask_model<T>(call, ask);
  if (!answer) co_return co_await fail(std::move(call), "", std::move(answer).error(), {{"model_calls", 1}});
  std::vector<Event> beside;
  Json result = to_json_of(*answer);
  if (!message.empty())
    beside.push_back(event("message.finished",
                           {{"message", message}, {"role", "agent"}, {"text", result.value("text", "")}}));
  CO_TRY([[maybe_unused]] const Json logged, co_await observe(std::move(call), "", std::move(result),
                                                              usage_of(answer->usage), std::move(beside)));
  co_return answer;
}

Task<Result<model::Choice>> StepRun::choose(model::ChooseRequest request) {
  Json shown = describe(request.prompt);
  shown["options"] = request.options;
  Call call = begin("model.choose", std::move(shown), identity_of(request));
  const auto ask = [this, &request] { return run_.parts_.model.choose(request); };
  co_return co_await model_call<model::Choice>(
      std::move(call), ask, [](const model::Choice& choice) { return to_json(choice); }, choice_from_json,
      "");
}

Task<Result<model::Quotes>> StepRun::quote(model::QuoteRequest request) {
  Json shown = describe(request.prompt);
  shown["sources"] = request.sources.size();
  Call call = begin("model.quote", std::move(shown), identity_of(request));
  const auto ask = [this, &request] { return run_.parts_.model.quote(request); };
  co_return co_await model_call<model::Quotes>(
      std::move(call), ask, [](const model::Quotes& quotes) { return to_json(quotes); }, quotes_from_json,
      "");
}

Task<Result<model::Written>> StepRun::write(model::WriteRequest request, std::string message) {
  Call call = begin("model.write", describe(request.prompt), identity_of(request));
  const auto ask = [this, &request, &message]() -> Task<Result<model::Written>> {
    // A new sink a try: a retried write streams from its beginning.
    DeltaSink sink(*this, message);
    co_return co_await run_.parts_.model.write(request, &sink);
  };
  co_return co_await model_call<model::Written>(
      std::move(call), ask, [](const model::Written& written) { return to_json(written); }, written_from_json,
      message);
}

}  // namespace lyceum::planner
