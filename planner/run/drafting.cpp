// How a plan that the lead agent draws becomes the run's: the first one, and another one when a step makes no
// progress.
#include <algorithm>

#include "planner/run/step_run.hpp"

namespace lyceum::planner {
namespace {

/// What a step does, whatever it is called.
std::string work_of(const std::string& agent, const std::string& goal) {
  std::string work = agent + ":";
  for (const char c : goal) {
    if (c >= 'A' && c <= 'Z') {
      work += static_cast<char>(c - 'A' + 'a');
    } else if (static_cast<unsigned char>(c) > ' ') {
      work += c;
    }
  }
  return work;
}

/// The drafted steps that the plan does not have already.
std::vector<Json> new_work(const RunState& state, const Json& draft) {
  std::set<std::string> known;
  for (const PlanStep& step : state.plan.steps) known.insert(work_of(step.agent, step.goal));
  std::vector<Json> steps;
  for (const Json& step : draft.value("steps", Json::array())) {
    const std::string agent = step.value("agent", state.agent + ".find");
    if (agent != state.answer_agent() &&
        known.insert(work_of(agent, step.value("goal", step.value("title", "")))).second)
      steps.push_back(step);
  }
  return steps;
}

/// Puts `steps` after the last stalled one, and makes them inputs of whatever builds on a stalled one.
Json ops_for(const RunState& state, const std::vector<std::string>& stalled, const std::vector<Json>& steps) {
  Json ops = Json::array();
  std::vector<std::string> ids;
  std::string after = stalled.back();
  for (const Json& step : steps) {
    ops.push_back({{"op", "insert"}, {"after", after}, {"step", step}});
    ids.push_back("s" + std::to_string(state.next_step_id + ids.size()));
    after = ids.back();
  }
  for (const PlanStep& step : state.plan.steps) {
    const bool builds_on_it = std::any_of(stalled.begin(), stalled.end(), [&](const std::string& id) {
      return std::find(step.inputs.begin(), step.inputs.end(), id) != step.inputs.end();
    });
    if (!builds_on_it || is_over(state.status_of(step.id))) continue;
    std::vector<std::string> inputs = step.inputs;
    inputs.insert(inputs.end(), ids.begin(), ids.end());
    ops.push_back({{"op", "update"}, {"step", step.id}, {"set", {{"inputs", std::move(inputs)}}}});
  }
  return ops;
}

}  // namespace

Event Run::plan_event(const StepRun& attempt, const Plan& plan, Json ops, const std::string& reason) const {
  Json patched = to_json(plan);
  patched.update({{"base_rev", state_.plan.rev},
                  {"ops", std::move(ops)},
                  {"author", "agent:" + attempt.agent()},
                  {"reason", reason}});
  return attempt.event("plan.patched", std::move(patched));
}

void Run::add_plan_review(std::vector<Event>& events, std::uint64_t rev) const {
  if (!state_.plan_review) return;
  events.push_back(system_event("hold.opened", opened_data({.id = parts_.ids.next(),
                                                            .kind = "plan_review",
                                                            .scope = "",
                                                            .title = "Review the plan",
                                                            .detail = {{"rev", rev}},
                                                            .fingerprint = "plan-" + std::to_string(rev),
                                                            .opened_ms = parts_.clock.now_ms()})));
}

std::vector<Event> Run::adopt_plan(const StepRun& attempt, Json result) {
  Json ops = Json::array();
  Json after = nullptr;
  std::uint64_t next_id = state_.next_step_id;
  for (const Json& step : result.value("steps", Json::array())) {
    ops.push_back({{"op", "insert"}, {"after", after}, {"step", step}});
    after = "s" + std::to_string(next_id++);
  }
  auto edit = apply_ops({.plan = state_.plan, .next_id = state_.next_step_id}, ops,
                        "agent:" + attempt.agent(), step_defaults(parts_.agents, state_.agent));
  if (!edit) {
    return {
        attempt.event("step.finished", {{"status", "failed"},
                                        {"result", Json::object()},
                                        {"error", "the drafted plan is unusable: " + edit.error().message}})};
  }
  std::vector<Event> events = {
      attempt.event("step.finished", {{"status", "done"}, {"result", std::move(result)}, {"error", ""}}),
      plan_event(attempt, edit->plan, std::move(ops), "first draft")};
  add_plan_review(events, edit->plan.rev);
  return events;
}

// The run has a plan: whatever comes of drawing another one, the run goes on.
std::vector<Event> Run::adopt_other_plan(const StepRun& attempt, Result<Json> result) {
  const Json drafted =
      result ? *std::move(result) : Json{{"text", "No other plan could be drawn: " + result.error().message}};
  std::vector<Event> events = {
      attempt.event("step.finished", {{"status", "done"}, {"result", drafted}, {"error", ""}})};
  std::vector<std::string> stalled;
  for (const PlanStep& step : state_.plan.steps) {
    if (state_.is_waiting_for_plan(step.id)) stalled.push_back(step.id);
  }
  const std::vector<Json> steps = new_work(state_, drafted);
  if (stalled.empty() || steps.empty()) return events;
  Json ops = ops_for(state_, stalled, steps);
  auto edit = apply_ops({.plan = state_.plan, .next_id = state_.next_step_id}, ops,
                        "agent:" + attempt.agent(), step_defaults(parts_.agents, state_.agent));
  if (!edit) return events;
  std::string names;
  for (const std::string& id : stalled) {
    names += (names.empty() ? "" : ", ") + id;
    Event ended = system_event(
        "step.finished",
        {{"status", "superseded"}, {"result", Json::object()}, {"error", "no progress: see the new plan"}});
    ended.step = id;
    events.push_back(std::move(ended));
  }
  events.push_back(plan_event(attempt, edit->plan, std::move(ops), names + " found nothing new"));
  add_plan_review(events, edit->plan.rev);
  return events;
}

}  // namespace lyceum::planner
