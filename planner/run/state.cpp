#include "planner/run/state.hpp"

#include <algorithm>
#include <array>

#include "agents/findings.hpp"
#include "planner/run/generation.hpp"

namespace lyceum::planner {
namespace {

constexpr std::array<std::string_view, 5> kPhases = {"submitted", "planning", "executing", "finalizing",
                                                     "terminal"};
constexpr std::array<std::string_view, 8> kStatuses = {"pending", "running", "taken_over", "done",
                                                       "failed",  "skipped", "cancelled",  "superseded"};

StepStatus parse_status(const std::string& name) {
  const auto found = std::find(kStatuses.begin(), kStatuses.end(), name);
  return found == kStatuses.end() ? StepStatus::failed : static_cast<StepStatus>(found - kStatuses.begin());
}

Phase parse_phase(const std::string& name) {
  const auto found = std::find(kPhases.begin(), kPhases.end(), name);
  return found == kPhases.end() ? Phase::submitted : static_cast<Phase>(found - kPhases.begin());
}

}  // namespace

std::string_view name_of(Phase phase) {
  return kPhases[static_cast<std::size_t>(phase)];
}

std::string_view name_of(StepStatus status) {
  return kStatuses[static_cast<std::size_t>(status)];
}

bool is_over(StepStatus status) {
  return status >= StepStatus::done;
}

void RunState::apply(const Event& event) {
  const bool was_working =
      phase != Phase::terminal && phase != Phase::submitted && blocking_hold("") == nullptr;
  if (was_working && event.type != "run.recovered" && event.type != "run.forked" && event.ts > last_ts) {
    usage.time_ms += event.ts - last_ts;
  }
  if (event.type == "run.forked") {
    // The time between the parent's event and the fork was nobody's to decide in.
    for (auto& [id, hold] : holds) {
      if (hold.expires_ms != 0) hold.expires_ms += std::max<std::int64_t>(0, event.ts - last_ts);
    }
  }
  seq = event.seq;
  epoch = std::max(epoch, event.epoch);
  last_ts = event.ts;

  const std::string noun = event.type.substr(0, event.type.find('.'));
  if (noun == "run" || noun == "plan" || noun == "command" || noun == "budget" || noun == "experts") {
    apply_run(event);
  } else if (noun == "step") {
    apply_step(event);
  } else if (noun == "hold") {
    apply_hold(event);
  } else if (noun == "action") {
    apply_action(event);
  } else if (noun == "gen") {
    apply_generation(event);
  } else {
    apply_finding(event);
  }
  if (event.pos != 0 && noun != "action" && noun != "gen") record(event);
}

void RunState::apply_run(const Event& event) {
  const Json& data = event.data;
  if (event.type == "run.submitted") {
    question = data.value("question", "");
    title = data.value("title", question);
    agent = data.value("agent", "");
    collections = data.value("collections", std::vector<std::string>{});
    plan_review = data.value("plan_review", false);
    contrast = data.value("contrast", 0.0);
    asks_approval = data.value("approvals", "ask") == "ask";
    budget = budget_from_json(data.value("budget", Json::object()));
    hold_expiry = {.after_ms = data.value("hold_expires_after_ms", std::int64_t{0}),
                   .then = data.value("hold_on_expiry", "keep")};
    created_ms = data.value("created_ms", std::int64_t{0});
  } else if (event.type == "run.forked") {
    parent = data.value("parent", "");
    parent_seq = data.value("at_seq", std::uint64_t{0});
    title = data.value("title", title);
    created_ms = data.value("created_ms", std::int64_t{0});
  } else if (event.type == "run.entered") {
    phase = parse_phase(data.value("phase", ""));
  } else if (event.type == "run.finished") {
    phase = Phase::terminal;
    outcome = data;
    holds.clear();
  } else if (event.type == "plan.patched") {
    plan = plan_from_json(data);
    for (const PlanStep& step : plan.steps) {
      const std::uint64_t number =
          step.id.starts_with('s') ? std::strtoull(step.id.c_str() + 1, nullptr, 10) : 0;
      next_step_id = std::max(next_step_id, number + 1);
    }
  } else if (event.type == "command.accepted") {
    commands[data.value("id", "")] = event.seq;
  } else if (event.type == "budget.set") {
    budget = budget_from_json(data.value("budget", Json::object()));
  } else if (event.type == "experts.set") {
    experts = data.value("experts", std::uint32_t{0});
  }
}

void RunState::apply_step(const Event& event) {
  StepState& step = steps[event.step];
  if (event.type == "step.started") {
    step.status = StepStatus::running;
    step.attempt = event.attempt;
    step.calls.clear();
    step.error.clear();
  } else if (event.type == "step.finished") {
    step.status = parse_status(event.data.value("status", "failed"));
    step.result = event.data.value("result", Json::object());
    step.error = event.data.value("error", "");
    step.calls.clear();
  } else if (event.type == "step.requeued" || event.type == "step.returned") {
    step.status = StepStatus::pending;
    step.calls.clear();
  } else if (event.type == "step.taken_over") {
    step.status = StepStatus::taken_over;
    step.calls.clear();
  }
}

void RunState::apply_hold(const Event& event) {
  const Json& data = event.data;
  const std::string id = data.value("hold", "");
  if (event.type == "hold.opened") {
    holds[id] = {.id = id,
                 .kind = data.value("kind", ""),
                 .scope = data.value("scope", ""),
                 .title = data.value("title", ""),
                 .detail = data.value("detail", Json::object()),
                 .fingerprint = data.value("fingerprint", ""),
                 .opened_seq = event.seq,
                 .opened_ms = data.value("opened_ms", event.ts),
                 .expires_ms = data.value("expires_ms", Json()).is_number_integer()
                                   ? data["expires_ms"].get<std::int64_t>()
                                   : 0,
                 .on_expiry = data.value("on_expiry", "keep")};
    return;
  }
  const auto hold = holds.find(id);
  if (hold == holds.end()) return;
  const Decision decision{.decision = data.value("decision", ""),
                          .payload = data.contains("payload") ? data["payload"] : Json(),
                          .comment = data.value("comment", "")};
  if (hold->second.kind == "approval" && decision.decision == "approve") {
    approved.insert(hold->second.fingerprint);
    if (data.value("remember", false)) remembered_tools.insert(hold->second.detail.value("tool", ""));
  }
  if (hold->second.kind == "budget" && decision.decision == "deny") is_wrapping_up = true;
  decisions[id] = decision;
  holds.erase(hold);
}

void RunState::apply_action(const Event& event) {
  const Json& data = event.data;
  if (event.type == "action.observed" || event.type == "action.failed") {
    const Json spent = data.value("usage", Json::object());
    usage.tokens_in += spent.value("tokens_in", std::int64_t{0});
    usage.tokens_out += spent.value("tokens_out", std::int64_t{0});
    usage.tool_calls += spent.value("tool_calls", std::int64_t{0});
    usage.model_calls += spent.value("model_calls", std::int64_t{0});
  }
  if (event.type == "action.observed" && data.contains("result")) add_expert_use(expert_use, data["result"]);
  RecordedCall* const recorded = call_of(event);
  if (recorded == nullptr) return;
  RecordedCall& call = *recorded;
  call.draft = {};
  call.action = event.action;
  if (data.contains("name")) call.name = data["name"].get<std::string>();
  if (data.contains("fingerprint")) call.fingerprint = data["fingerprint"].get<std::string>();
  if (data.contains("args")) call.args = data["args"];
  if (event.type == "action.proposed") {
    call.state = RecordedCall::State::proposed;
  } else if (event.type == "action.intended" || event.type == "action.dispatched") {
    call.state = RecordedCall::State::intended;
  } else if (event.type == "action.unknown") {
    call.state = RecordedCall::State::unknown;
  } else if (event.type == "action.observed") {
    call.state = RecordedCall::State::observed;
    call.result = data.contains("result") ? data["result"] : Json();
  } else if (event.type == "action.failed") {
    call.state = RecordedCall::State::failed;
    call.error = {.code = errc_from_name(data.value("code", "")), .message = data.value("message", "")};
    if (call.error.code == Errc::forbidden || call.error.code == Errc::precondition) {
      findings.refusals.push_back(
          {.step = event.step, .tool = call.name, .args = call.args, .why = call.error.message});
    }
  }
}

void RunState::apply_generation(const Event& event) {
  RecordedCall* const call = call_of(event);
  if (call == nullptr) return;
  if (event.type == "gen.started") {
    *call = {.state = RecordedCall::State::writing,
             .name = event.data.value("name", ""),
             .fingerprint = event.data.value("fingerprint", ""),
             .draft = begun_draft(event.data)};
  } else if (call->state == RecordedCall::State::writing) {
    grow_draft(call->draft, event.data);
  }
}

void RunState::apply_finding(const Event& event) {
  const Json& data = event.data;
  agents::fold_finding(findings, event.type, data, event.step, event.actor);
  if (event.type == "answer.proposed") {
    answer = data;
  } else if (event.type == "note.injected") {
    findings.notes.push_back(
        {.seq = event.seq, .text = data.value("text", ""), .path = data.value("path", "")});
  } else if (event.type == "loop.escalated" && data.value("rung", "") == "replan") {
    replanned.insert(event.step);
  } else if (event.type == "file.changed") {
    files[data.value("path", "")] = {.hash = data.value("hash", ""),
                                     .bytes = data.value("bytes", std::uint64_t{0})};
  }
}

void RunState::record(const Event& event) {
  RecordedCall* const call = call_of(event);
  if (call != nullptr)
    *call = {.state = RecordedCall::State::emitted, .name = event.type, .result = event.data};
}

/// The call of the attempt under way that the event speaks of; null for none.
RecordedCall* RunState::call_of(const Event& event) {
  const auto step = steps.find(event.step);
  if (event.pos == 0 || step == steps.end() || step->second.attempt != event.attempt) return nullptr;
  return &step->second.calls[event.pos];
}

StepStatus RunState::status_of(const std::string& step) const {
  const auto found = steps.find(step);
  return found == steps.end() ? StepStatus::pending : found->second.status;
}

bool RunState::inputs_are_over(const PlanStep& step) const {
  const auto inputs = plan.inputs_of(step);
  return std::all_of(inputs.begin(), inputs.end(),
                     [&](const std::string& input) { return is_over(status_of(input)); });
}

const Hold* RunState::blocking_hold(const std::string& step) const {
  for (const auto& [id, hold] : holds) {
    if (hold.kind == "approval" || hold.kind == "question") continue;
    if (hold.scope.empty() || hold.scope == step) return &hold;
  }
  return nullptr;
}

const Hold* RunState::find_hold(const std::string& kind, const std::string& scope) const {
  for (const auto& [id, hold] : holds) {
    if (hold.kind == kind && hold.scope == scope) return &hold;
  }
  return nullptr;
}

agents::Blackboard RunState::blackboard_for(const std::string& step_id) const {
  agents::Blackboard board = findings;
  board.seq = seq;
  std::erase_if(board.notes,
                [&](const agents::InjectedNote& note) { return !note.path.empty() && note.path != step_id; });
  const auto add_result = [&](const PlanStep& source) {
    const auto known = steps.find(source.id);
    const bool is_stalled = step_id == kPlanStep && is_waiting_for_plan(source.id);
    board.results.push_back({.step = source.id,
                             .title = source.title,
                             .goal = source.goal,
                             .agent = source.agent,
                             .status = is_stalled ? "stalled" : std::string(name_of(status_of(source.id))),
                             .result = known == steps.end() ? Json::object() : known->second.result});
  };
  if (step_id == kPlanStep) {
    for (const PlanStep& step : plan.steps) add_result(step);
  } else if (const PlanStep* step = plan.find(step_id)) {
    for (const std::string& input : plan.inputs_of(*step)) {
      const PlanStep* source = plan.find(input);
      if (source != nullptr && steps.contains(input)) add_result(*source);
    }
  }
  return board;
}

bool RunState::is_waiting_for_plan(const std::string& step) const {
  return replanned.contains(step) && status_of(step) == StepStatus::running;
}

Json opened_data(const Hold& hold) {
  return {{"hold", hold.id},
          {"kind", hold.kind},
          {"scope", hold.scope},
          {"title", hold.title},
          {"detail", hold.detail},
          {"fingerprint", hold.fingerprint},
          {"opened_ms", hold.opened_ms},
          {"expires_ms", hold.expires_ms == 0 ? Json() : Json(hold.expires_ms)},
          {"on_expiry", hold.on_expiry}};
}

Json to_json(const Hold& hold) {
  Json json = opened_data(hold);
  json["opened_seq"] = hold.opened_seq;
  return json;
}

Json to_json(const Budget& budget) {
  return {{"time_s", budget.time_s}, {"tokens", budget.tokens}, {"tool_calls", budget.tool_calls}};
}

Json to_json(const RunUsage& usage) {
  return {{"tokens_in", usage.tokens_in},
          {"tokens_out", usage.tokens_out},
          {"tool_calls", usage.tool_calls},
          {"model_calls", usage.model_calls},
          {"time_ms", usage.time_ms}};
}

Budget budget_from_json(const Json& json) {
  return {.time_s = json.value("time_s", std::int64_t{0}),
          .tokens = json.value("tokens", std::int64_t{0}),
          .tool_calls = json.value("tool_calls", std::int64_t{0})};
}

Json summary_of(const RunState& state) {
  Json holds = Json::array();
  for (const auto& [id, hold] : state.holds) holds.push_back(to_json(hold));
  Json answer = nullptr;
  if (state.answer.is_object()) {
    answer = {{"not_found", state.answer.value("not_found", false)},
              {"sentences", state.answer.value("sentences", Json::array()).size()}};
  }
  Json summary = {{"run", state.run_id},
                  {"title", state.title},
                  {"question", state.question},
                  {"agent", state.agent},
                  {"collections", state.collections},
                  {"phase", name_of(state.phase)},
                  {"status", state.outcome.is_object() ? state.outcome.value("status", Json()) : Json()},
                  {"seq", state.seq},
                  {"created_ms", state.created_ms},
                  {"updated_ms", state.last_ts},
                  {"holds", std::move(holds)},
                  {"usage", to_json(state.usage)},
                  {"budget", to_json(state.budget)},
                  {"answer", std::move(answer)}};
  if (!state.parent.empty()) {
    summary["parent"] = state.parent;
    summary["at_seq"] = state.parent_seq;
  }
  return summary;
}

}  // namespace lyceum::planner
