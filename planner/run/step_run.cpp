#include "planner/run/step_run.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

#include "base/hash.hpp"
#include "planner/event_catalogue.hpp"
#include "planner/run/call_codec.hpp"
#include "planner/run/stored_run.hpp"

namespace lyceum::planner {
namespace {

constexpr std::size_t kCheckpointBytes = 2000;

Error attempt_is_over() {
  return Error{Errc::cancelled, "this attempt is over"};
}

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

StepRun::StepRun(Run& run, agents::StepInput input, std::string agent)
    : run_(run), input_(std::move(input)), agent_(std::move(agent)) {}

const model::ModelInfo& StepRun::model_info() const {
  return run_.parts_.model.info();
}

bool StepRun::is_current() const {
  const auto step = run_.state_.steps.find(input_.step_id);
  return !is_aborted_ && run_.state_.phase != Phase::terminal && step != run_.state_.steps.end() &&
         step->second.status == StepStatus::running && step->second.attempt == input_.attempt;
}

void StepRun::abort() {
  if (is_aborted_) return;
  is_aborted_ = true;
  cancel_.emit(net::cancellation_type::terminal);
  run_.changed_.notify_all();
}

Event StepRun::event(std::string type, Json data) const {
  return {.type = std::move(type),
          .actor = "agent:" + agent_,
          .step = input_.step_id,
          .attempt = input_.attempt,
          .data = std::move(data)};
}

// --- The journal
// ---------------------------------------------------------------------------------------------------

StepRun::Call StepRun::begin(std::string name, Json args, const Json& identity) {
  const std::string fingerprint = sha256_hex(name + "\n" + dump_json(identity)).substr(0, 32);
  return {.pos = next_pos_++,
          .name = std::move(name),
          .args = std::move(args),
          .fingerprint = fingerprint,
          .begun_ms = run_.parts_.clock.now_ms()};
}

const RecordedCall* StepRun::recorded(const Call& call) {
  if (has_diverged_) return nullptr;
  const auto step = run_.state_.steps.find(input_.step_id);
  if (step == run_.state_.steps.end()) return nullptr;
  const auto found = step->second.calls.find(call.pos);
  if (found == step->second.calls.end()) return nullptr;
  const RecordedCall& known = found->second;
  const bool is_same = known.name == call.name &&
                       (known.state == RecordedCall::State::emitted || known.fingerprint == call.fingerprint);
  has_diverged_ = !is_same;
  return is_same ? &known : nullptr;
}

Event StepRun::call_event(std::string type, const Call& call, const std::string& action, Json data) const {
  Event made = event(std::move(type), std::move(data));
  made.pos = call.pos;
  made.action = action;
  made.data["name"] = call.name;
  made.data["args"] = call.args;
  made.data["fingerprint"] = call.fingerprint;
  return made;
}

Task<void> StepRun::commit(std::vector<Event> events, memory::Durability durability) {
  const std::uint64_t seq = run_.log(std::move(events), durability);
  co_await run_.stored(seq);
}

Task<Result<void>> StepRun::proceed() {
  for (;;) {
    if (run_.is_stopping_ || !is_current()) co_return attempt_is_over();
    if (run_.state_.blocking_hold(input_.step_id) == nullptr) {
      const bool must_end = run_.state_.is_wrapping_up && input_.step_id != kPlanStep &&
                            agent_ != run_.state_.agent + ".answer";
      if (must_end) {
        co_await run_.changed_.wait();  // The scheduler ends this step.
        continue;
      }
      const char* which = nullptr;
      if (run_.state_.is_wrapping_up || !run_.is_over_budget(&which)) co_return ok();
      run_.open_budget_hold(which);
      continue;
    }
    co_await run_.changed_.wait();
  }
}

Task<Result<void>> StepRun::wait_hold_closed(std::string hold) {
  while (run_.state_.holds.contains(hold)) {
    if (run_.is_stopping_ || !is_current()) co_return attempt_is_over();
    co_await run_.changed_.wait();
  }
  co_return co_await proceed();
}

Task<Result<Json>> StepRun::observe(Call call, std::string action, Json result, Json usage,
                                    std::vector<Event> beside) {
  if (run_.is_stopping_ || !is_current()) co_return attempt_is_over();
  Json data = {{"result", result},
               {"took_ms", run_.parts_.clock.now_ms() - call.begun_ms},
               {"usage", std::move(usage)}};
  beside.insert(beside.begin(), call_event("action.observed", call, action, std::move(data)));
  co_await commit(std::move(beside), memory::Durability::grouped);
  co_return result;
}

Task<Error> StepRun::fail(Call call, std::string action, Error error, Json usage) {
  if (run_.is_stopping_ || !is_current()) co_return attempt_is_over();
  Json data = {{"code", name_of(error.code)},
               {"message", error.message},
               {"took_ms", run_.parts_.clock.now_ms() - call.begun_ms},
               {"usage", std::move(usage)}};
  std::vector<Event> events = {call_event("action.failed", call, action, std::move(data))};
  co_await commit(std::move(events), memory::Durability::grouped);
  co_return error;
}

template <class T>
Task<Result<T>> StepRun::interruptible(Task<Result<T>> task) {
  try {
    co_return co_await net::co_spawn(run_.strand_, std::move(task),
                                     net::bind_cancellation_slot(cancel_.slot(), net::use_awaitable));
  } catch (const boost::system::system_error& failure) {
    if (is_aborted_) co_return attempt_is_over();
    co_return Error{Errc::internal, failure.what()};
  } catch (const std::exception& failure) {
    co_return Error{Errc::internal, failure.what()};
  }
}

// --- Tools
// ---------------------------------------------------------------------------------------------------------

Result<void> StepRun::permit(const Call& call) const {
  if (std::find(input_.tools.begin(), input_.tools.end(), call.name) == input_.tools.end()) {
    return Error{Errc::forbidden, "the plan does not let this step use " + call.name};
  }
  return run_.parts_.tools.validate(call.name, call.args);
}

bool StepRun::needs_approval(const tools::Tool::Spec& spec, const Call& call) const {
  const RunState& state = run_.state_;
  return spec.risk != tools::Risk::low && state.asks_approval &&
         !state.remembered_tools.contains(spec.name) && !state.approved.contains(call.fingerprint);
}

Task<Result<Json>> StepRun::act(std::string tool_name, Json args) {
  Call call = begin(tool_name, args, args);
  std::string action;
  bool was_intended = false;
  if (const RecordedCall* known = recorded(call)) {
    if (known->state == RecordedCall::State::observed) co_return known->result;
    if (known->state == RecordedCall::State::failed) co_return known->error;
    action = known->action;
    call.args = known->args;  // As a person may have edited them.
    was_intended =
        known->state == RecordedCall::State::intended || known->state == RecordedCall::State::unknown;
  }
  CO_TRY_OK(co_await proceed());
  if (const auto permitted = permit(call); !permitted)
    co_return co_await fail(call, action, permitted.error(), Json::object());
  tools::Tool* tool = run_.parts_.tools.find(call.name);
  LYCEUM_CHECK(tool != nullptr);  // validate() knows it.
  const tools::Tool::Spec& spec = tool->spec();

  if (was_intended) {
    Json settled;
    if (const auto outcome = co_await settle_unknown(call, action, spec, settled); !outcome) {
      co_return co_await fail(call, action, outcome.error(), Json::object());
    }
    if (!settled.is_null()) co_return co_await observe(call, action, std::move(settled), Json::object());
  } else {
    if (auto refused = co_await watch_for_loops(call); !refused)
      co_return co_await fail(call, action, refused.error(), Json::object());
    if (auto outcome = co_await propose(call, spec, action); !outcome) {
      co_return co_await fail(call, action, std::move(outcome).error(), Json::object());
    }
  }
  co_return co_await dispatch(std::move(call), std::move(action), *tool);
}

// Up to the durable intent. A pure, harmless call needs neither question nor intent.
Task<Result<void>> StepRun::propose(Call& call, const tools::Tool::Spec& spec, std::string& action) {
  const bool asks = needs_approval(spec, call);
  if (spec.effect == tools::Effect::pure && !asks) co_return ok();
  const bool is_proposed = !action.empty();
  if (!is_proposed) {
    action = run_.parts_.ids.next();
    Json data = {{"effect", tools::name_of(spec.effect)}, {"risk", tools::name_of(spec.risk)}};
    std::vector<Event> events = {call_event("action.proposed", call, action, std::move(data))};
    if (asks) {
      Json hold = {{"hold", action},
                   {"kind", "approval"},
                   {"scope", input_.step_id},
                   {"title", "May this step use " + call.name + "?"},
                   {"detail",
                    {{"action", action},
                     {"tool", call.name},
                     {"args", call.args},
                     {"risk", tools::name_of(spec.risk)},
                     {"effect", tools::name_of(spec.effect)},
                     {"why", input_.goal}}},
                   {"fingerprint", call.fingerprint},
                   {"opened_ms", run_.parts_.clock.now_ms()},
                   {"expires_ms", nullptr},
                   {"on_expiry", "keep"}};
      events.push_back(event("hold.opened", std::move(hold)));
    }
    co_await commit(std::move(events), memory::Durability::synced);
  }
  CO_TRY_OK(co_await await_approval(call, action));
  CO_TRY_OK(co_await proceed());
  std::vector<Event> events = {call_event("action.intended", call, action, {{"key", action}}),
                               call_event("action.dispatched", call, action, {{"key", action}})};
  co_await commit(std::move(events), memory::Durability::synced);
  co_return ok();
}

Task<Result<void>> StepRun::await_approval(Call& call, const std::string& action) {
  CO_TRY_OK(co_await wait_hold_closed(action));
  const auto decided = run_.state_.decisions.find(action);
  if (decided == run_.state_.decisions.end()) co_return ok();  // Nobody had to be asked.
  const Decision& decision = decided->second;
  if (decision.decision == "deny") {
    co_return Error{Errc::forbidden, "a person denied " + call.name +
                                         (decision.comment.empty() ? "" : ": " + decision.comment)};
  }
  if (decision.decision == "edit") {
    call.args = decision.payload;
    co_return run_.parts_.tools.validate(call.name, call.args);
  }
  co_return ok();
}

// The service died after the intent. What may be done twice is done again under the same key; for the rest a
// person decides: approve = do it again, answer = here is what it returned, deny = it failed.
Task<Result<void>> StepRun::settle_unknown(const Call& call, const std::string& action,
                                           const tools::Tool::Spec& spec, Json& result) {
  const bool may_repeat = spec.effect == tools::Effect::pure || spec.effect == tools::Effect::idempotent ||
                          spec.effect == tools::Effect::keyed;
  if (may_repeat) co_return ok();
  const std::string hold = action + ".unknown";
  if (!run_.state_.holds.contains(hold) && !run_.state_.decisions.contains(hold)) {
    Json detail = {{"action", action},
                   {"tool", call.name},
                   {"args", call.args},
                   {"effect", tools::name_of(spec.effect)},
                   {"risk", tools::name_of(spec.risk)},
                   {"why", "the service stopped while this was under way"}};
    Json opened = {{"hold", hold},
                   {"kind", "effect_unknown"},
                   {"scope", input_.step_id},
                   {"title", "Did " + call.name + " happen?"},
                   {"detail", std::move(detail)},
                   {"fingerprint", call.fingerprint},
                   {"opened_ms", run_.parts_.clock.now_ms()},
                   {"expires_ms", nullptr},
                   {"on_expiry", "keep"}};
    std::vector<Event> events = {
        call_event("action.unknown", call, action, {{"effect", tools::name_of(spec.effect)}}),
        event("hold.opened", std::move(opened))};
    co_await commit(std::move(events), memory::Durability::synced);
  }
  CO_TRY_OK(co_await wait_hold_closed(hold));
  const Decision& decision = run_.state_.decisions[hold];
  if (decision.decision == "deny")
    co_return Error{Errc::unavailable, call.name + " was interrupted; a person says that it did not happen"};
  if (decision.decision == "answer") result = decision.payload;
  co_return ok();
}

Task<Result<Json>> StepRun::dispatch(Call call, std::string action, tools::Tool& tool) {
  tools::ToolCall context{.run_id = input_.run_id,
                          .step_id = input_.step_id,
                          .key = action.empty() ? call.fingerprint : action,
                          .collections = input_.collections};
  for (const auto& [path, file] : run_.state_.files) context.files.emplace_back(path, file.hash);
  const std::string name = call.name;
  context.progress = [run = run_.weak_from_this(), step = input_.step_id, attempt = input_.attempt, name](
                         double done, double total, std::string text) {
    const auto alive = run.lock();
    if (!alive) return;
    net::post(alive->strand(),
              [alive, step, attempt,
               data = Json{{"name", name}, {"done", done}, {"total", total}, {"text", std::move(text)}}] {
                alive->publish_delta("tool.progress", step, attempt, data);
              });
  };
  call.begun_ms = run_.parts_.clock.now_ms();
  auto outcome = co_await interruptible(tool.run(call.args, std::move(context)));
  run_.parts_.metrics.add(
      "lyceum_tool_calls_total", "Tool calls by tool and outcome", 1,
      {{"tool", name}, {"outcome", outcome ? "ok" : std::string(name_of(outcome.error().code))}});
  const Json usage = {{"tool_calls", 1}};
  if (!outcome)
    co_return co_await fail(std::move(call), std::move(action), std::move(outcome).error(), usage);

  std::vector<Event> changes;
  for (const tools::FileChange& change : outcome->files) {
    auto hash = co_await run_blocking(run_.parts_.pool,
                                      [&] { return run_.parts_.store.blobs().put_blocking(change.content); });
    if (!hash) co_return co_await fail(std::move(call), std::move(action), std::move(hash).error(), usage);
    const auto before = run_.state_.files.find(change.path);
    changes.push_back(
        event("file.changed", {{"path", change.path},
                               {"hash", *hash},
                               {"bytes", change.content.size()},
                               {"before", before == run_.state_.files.end() ? "" : before->second.hash}}));
  }
  co_return co_await observe(std::move(call), std::move(action), std::move(outcome->result), usage,
                             std::move(changes));
}

// The loop ladder: calls that change nothing are first not repeated, then a person is asked, then the step
// ends.
Task<Result<Json>> StepRun::watch_for_loops(const Call& call) {
  const RunState& state = run_.state_;
  const std::uint64_t mark =
      state.evidence.size() + state.entities.size() + state.relations.size() + state.notes.size();
  stalled_calls_ = mark == progress_mark_ ? stalled_calls_ + 1 : 0;
  progress_mark_ = mark;
  const std::uint32_t repeats = repeats_[call.fingerprint]++;
  const std::uint32_t limit = run_.options_.stall_actions_max;
  if (stalled_calls_ < limit) co_return Json();
  if (stalled_calls_ == limit) {
    std::vector<Event> events = {event(
        "loop.escalated",
        {{"rung", "forbid"}, {"why", "the last " + std::to_string(limit) + " calls found nothing new"}})};
    co_await commit(std::move(events), memory::Durability::grouped);
  }
  if (stalled_calls_ >= 2 * limit) {
    bool goes_on = false;
    if (state.asks_approval) {
      std::vector<Event> events = {
          event("loop.escalated",
                {{"rung", "ask"}, {"why", "nothing new for " + std::to_string(stalled_calls_) + " calls"}})};
      co_await commit(std::move(events), memory::Durability::grouped);
      const auto answer =
          co_await ask_person("This step finds nothing new. Go on? Answer yes to let it try further.",
                              {{"tool", call.name}, {"args", call.args}});
      if (!answer) co_return answer.error();
      goes_on = answer->starts_with("y") || answer->starts_with("Y");
    }
    if (goes_on) {
      stalled_calls_ = 0;
      co_return Json();
    }
    std::vector<Event> events = {
        event("loop.escalated", {{"rung", "stop"}, {"why", "no progress"}}),
        event("step.finished", {{"status", "failed"},
                                {"result", Json::object()},
                                {"error", "no progress: the same searches find nothing new"}})};
    co_await commit(std::move(events), memory::Durability::grouped);
    co_return attempt_is_over();
  }
  if (repeats > 0)
    co_return Error{Errc::precondition, "this very call was made before and found nothing new; try another"};
  co_return Json();
}

// --- The model
// -----------------------------------------------------------------------------------------------------

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
    Json opened = {{"hold", hold},
                   {"kind", "resource"},
                   {"scope", input_.step_id},
                   {"title", "The model does not answer: " + answer.error().message},
                   {"detail", {{"tries", round}, {"why", "approve to ask again, deny to go on without"}}},
                   {"fingerprint", call.fingerprint},
                   {"opened_ms", run_.parts_.clock.now_ms()},
                   {"expires_ms", nullptr},
                   {"on_expiry", "keep"}};
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

// --- The blackboard, findings, people
// ----------------------------------------------------------------------------------

Task<Result<agents::Blackboard>> StepRun::read_blackboard() {
  Call call = begin("blackboard.read", Json::object(), Json::object());
  if (const RecordedCall* known = recorded(call);
      known != nullptr && known->state == RecordedCall::State::observed) {
    const auto seq = known->result.value("seq", std::uint64_t{0});
    auto then = co_await run_blocking(run_.parts_.pool, [this, seq] {
      return load_state_blocking(run_.parts_.store.event_log(), input_.run_id, seq);
    });
    if (!then) co_return std::move(then).error();
    co_return then->blackboard_for(input_.step_id);
  }
  CO_TRY_OK(co_await proceed());
  agents::Blackboard board = run_.state_.blackboard_for(input_.step_id);
  CO_TRY([[maybe_unused]] const Json logged,
         co_await observe(std::move(call), "", {{"seq", board.seq}}, Json::object()));
  co_return board;
}

Task<Result<Json>> StepRun::emit(std::string type, Json data) {
  const Call call = begin(type, Json::object(), data);
  if (const RecordedCall* known = recorded(call);
      known != nullptr && known->state == RecordedCall::State::emitted) {
    co_return known->result;
  }
  if (!is_fact(type))
    co_return Error{Errc::invalid_argument, "the event catalogue has no fact '" + type + "'"};
  CO_TRY_OK(co_await proceed());
  if (type == "evidence.added") {
    const bool is_stored = !data.value("document", "").empty();
    if (is_stored)
      CO_TRY_OK(co_await run_blocking(
          run_.parts_.pool, [&] { return check_quote_blocking(run_.parts_.store.documents(), data); }));
    CO_TRY_OK(co_await proceed());
    data["evidence"] = "e" + std::to_string(run_.state_.evidence.size() + 1);
    data["by"] = "agent:" + agent_;
  }
  Event made = event(type, data);
  made.pos = call.pos;
  std::vector<Event> events = {std::move(made)};
  co_await commit(std::move(events), memory::Durability::grouped);
  co_return data;
}

Task<Result<std::string>> StepRun::ask_person(std::string question, Json detail) {
  Json args = {{"question", question}, {"detail", detail}};
  const Call call = begin("person.ask", args, args);
  std::string action;
  if (const RecordedCall* known = recorded(call)) {
    if (known->state == RecordedCall::State::observed) co_return known->result.get<std::string>();
    action = known->action;
  }
  CO_TRY_OK(co_await proceed());
  if (action.empty()) {
    action = run_.parts_.ids.next();
    Json opened = {{"hold", action},
                   {"kind", "question"},
                   {"scope", input_.step_id},
                   {"title", question},
                   {"detail", detail},
                   {"fingerprint", call.fingerprint},
                   {"opened_ms", run_.parts_.clock.now_ms()},
                   {"expires_ms", nullptr},
                   {"on_expiry", "keep"}};
    std::vector<Event> events = {
        call_event("action.proposed", call, action, {{"effect", "pure"}, {"risk", "low"}}),
        event("hold.opened", std::move(opened))};
    co_await commit(std::move(events), memory::Durability::synced);
  }
  CO_TRY_OK(co_await wait_hold_closed(action));
  const Decision& decision = run_.state_.decisions[action];
  const std::string answer =
      decision.payload.is_string() ? decision.payload.get<std::string>() : decision.comment;
  CO_TRY(const Json logged, co_await observe(call, action, answer, Json::object()));
  co_return logged.get<std::string>();
}

Task<Result<void>> StepRun::patch_plan(Json ops, std::string reason) {
  const Call call = begin("plan.patched", Json::object(), ops);
  if (const RecordedCall* known = recorded(call);
      known != nullptr && known->state == RecordedCall::State::emitted)
    co_return ok();
  CO_TRY_OK(co_await proceed());
  const RunState& state = run_.state_;
  for (const Json& op : ops) {
    const std::string target = op.value("step", "");
    if (op.value("op", "") != "insert" && is_over(state.status_of(target))) {
      co_return Error{Errc::conflict, "step " + target + " is over"};
    }
  }
  CO_TRY(PlanEdit edit, apply_ops({.plan = state.plan, .next_id = state.next_step_id}, ops, "agent:" + agent_,
                                  step_defaults(run_.parts_.agents, state.agent)));
  Json patched = to_json(edit.plan);
  patched.update(
      {{"base_rev", state.plan.rev}, {"ops", ops}, {"author", "agent:" + agent_}, {"reason", reason}});
  Event made = event("plan.patched", std::move(patched));
  made.pos = call.pos;
  std::vector<Event> events = {std::move(made)};
  co_await commit(std::move(events), memory::Durability::grouped);
  co_return ok();
}

}  // namespace lyceum::planner
