#include "planner/run/step_run.hpp"

#include "base/hash.hpp"
#include "planner/event_catalogue.hpp"
#include "planner/run/stored_run.hpp"

namespace lyceum::planner {

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

const RecordedCall* StepRun::observed_before(const Call& call) const {
  const auto step = run_.state_.steps.find(input_.step_id);
  if (step == run_.state_.steps.end()) return nullptr;
  for (const auto& [pos, known] : step->second.calls) {
    const bool is_same = known.name == call.name && known.fingerprint == call.fingerprint;
    if (is_same && known.state == RecordedCall::State::observed) return &known;
  }
  return nullptr;
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
      const bool must_end =
          run_.state_.is_wrapping_up && input_.step_id != kPlanStep && agent_ != run_.state_.answer_agent();
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
    data["evidence"] = "e" + std::to_string(run_.state_.findings.evidence.size() + 1);
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
    Json opened = opened_data(run_.expiring({.id = action,
                                             .kind = "question",
                                             .scope = input_.step_id,
                                             .title = question,
                                             .detail = detail,
                                             .fingerprint = call.fingerprint,
                                             .opened_ms = run_.parts_.clock.now_ms()}));
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
