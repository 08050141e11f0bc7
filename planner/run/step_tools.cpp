// The life of a tool call: permitted, proposed, approved, intended, dispatched, observed.
#include <algorithm>

#include <boost/asio/post.hpp>

#include "planner/run/interruptible.hpp"
#include "planner/run/step_run.hpp"

namespace lyceum::planner {

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

  if (spec.effect != tools::Effect::pure && has_diverged_) {
    // The journal no longer matches position by position, but what was done must not be done again.
    if (const RecordedCall* done = observed_before(call)) co_return done->result;
  }
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
      Json hold = opened_data(run_.expiring({.id = action,
                                             .kind = "approval",
                                             .scope = input_.step_id,
                                             .title = "May this step use " + call.name + "?",
                                             .detail = {{"action", action},
                                                        {"tool", call.name},
                                                        {"args", call.args},
                                                        {"risk", tools::name_of(spec.risk)},
                                                        {"effect", tools::name_of(spec.effect)},
                                                        {"why", input_.goal}},
                                             .fingerprint = call.fingerprint,
                                             .opened_ms = run_.parts_.clock.now_ms()}));
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
  if (decision.decision == "expired")
    co_return Error{Errc::forbidden, "nobody approved " + call.name + " in time"};
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
    Json opened = opened_data({.id = hold,
                               .kind = "effect_unknown",
                               .scope = input_.step_id,
                               .title = "Did " + call.name + " happen?",
                               .detail = std::move(detail),
                               .fingerprint = call.fingerprint,
                               .opened_ms = run_.parts_.clock.now_ms()});
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
                          .collections = input_.collections,
                          .now_ms = run_.parts_.clock.now_ms()};
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

}  // namespace lyceum::planner
