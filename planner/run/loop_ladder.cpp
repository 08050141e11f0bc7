// What happens when a step's calls change nothing any more: the same call is refused, another expert takes
// the step, the lead agent draws another plan, a person is asked, the step ends. Progress is new evidence, a
// new entity or relation, or a new note, not activity.
#include "planner/run/step_run.hpp"

namespace lyceum::planner {
namespace {

constexpr std::size_t kMaxReplans = 3;  ///< Of one run.

// "find" of "deep_search.find": agents of the same role can take each other's steps.
std::string role_of(const std::string& agent) {
  return agent.substr(agent.rfind('.') + 1);
}

}  // namespace

Task<Result<void>> StepRun::watch_for_loops(const Call& call) {
  const agents::Blackboard& found = run_.state_.findings;
  const std::uint64_t mark =
      found.evidence.size() + found.entities.size() + found.relations.size() + found.notes.size();
  stalled_calls_ = mark == progress_mark_ ? stalled_calls_ + 1 : 0;
  progress_mark_ = mark;
  const std::uint32_t repeats = repeats_[call.fingerprint]++;
  const std::uint32_t limit = run_.options_.stall_actions_max;
  if (stalled_calls_ < limit) co_return ok();
  if (stalled_calls_ == limit) co_await escalate("forbid", stalled_calls_, {});
  if (stalled_calls_ >= 2 * limit) co_return co_await leave_to_others(call);
  if (repeats > 0) {
    co_return Error{Errc::precondition, "this very call was made before and found nothing new; try another"};
  }
  co_return ok();
}

Task<void> StepRun::escalate(std::string rung, std::uint32_t stalled_calls, std::vector<Event> consequences) {
  const std::string why = "the last " + std::to_string(stalled_calls) + " calls found nothing new";
  consequences.insert(consequences.begin(),
                      event("loop.escalated", {{"rung", std::move(rung)}, {"why", why}}));
  co_await commit(std::move(consequences), memory::Durability::grouped);
}

Task<Result<void>> StepRun::leave_to_others(const Call& call) {
  if (std::vector<Event> handover = reassignment(); !handover.empty()) {
    co_await escalate("reassign", stalled_calls_, std::move(handover));
    co_return attempt_is_over();
  }
  CO_TRY_OK(co_await ask_for_another_plan());
  if (run_.state_.asks_approval) {
    CO_TRY(const bool goes_on, co_await ask_whether_to_go_on(call));
    if (goes_on) {
      stalled_calls_ = 0;
      co_return ok();
    }
  }
  std::vector<Event> end = {
      event("step.finished", {{"status", "failed"},
                              {"result", Json::object()},
                              {"error", "no progress: the same calls find nothing new"}})};
  co_await escalate("stop", stalled_calls_, std::move(end));
  co_return attempt_is_over();
}

// The events that give the step to another expert of the same role; none when there is no other, or when this
// is one already.
std::vector<Event> StepRun::reassignment() const {
  const RunState& state = run_.state_;
  const PlanStep* step = state.plan_step(input_.step_id);
  if (step == nullptr || input_.attempt > 1) return {};
  for (const agents::ExpertAgent::Spec* other : run_.parts_.agents.specs()) {
    if (other->name == agent_ || role_of(other->name) != role_of(agent_)) continue;
    const Json ops =
        Json::array({Json{{"op", "update"}, {"step", step->id}, {"set", {{"agent", other->name}}}}});
    auto edit = apply_ops({.plan = state.plan, .next_id = state.next_step_id}, ops, "system",
                          step_defaults(run_.parts_.agents, state.agent));
    if (!edit) continue;
    Json patched = to_json(edit->plan);
    patched.update({{"base_rev", state.plan.rev},
                    {"ops", ops},
                    {"author", "system"},
                    {"reason", agent_ + " makes no progress"}});
    return {event("step.requeued", {{"reason", agent_ + " makes no progress"}}),
            event("plan.patched", std::move(patched))};
  }
  return {};
}

// Waits while the lead agent plans anew. A plan that differs supersedes this step; one that does not leaves
// it as it is. Once a step, and only a few times a run: planning must not go round in circles either.
Task<Result<void>> StepRun::ask_for_another_plan() {
  const RunState& state = run_.state_;
  const bool may_plan = state.plan_step(input_.step_id) != nullptr && agent_ != state.answer_agent() &&
                        !state.replanned.contains(input_.step_id) && state.replanned.size() < kMaxReplans;
  if (!may_plan) co_return ok();
  Event planning = event("step.requeued", {{"reason", input_.step_id + " makes no progress"}});
  planning.step = kPlanStep;
  planning.attempt = 0;
  std::vector<Event> events = {std::move(planning)};
  co_await escalate("replan", stalled_calls_, std::move(events));
  while (!is_over(state.status_of(kPlanStep))) {
    if (run_.is_stopping_ || !is_current()) co_return attempt_is_over();
    co_await run_.changed_.wait();
  }
  co_return co_await proceed();
}

// Not one of the agent's own calls, so it takes no position in the journal.
Task<Result<bool>> StepRun::ask_whether_to_go_on(const Call& call) {
  const std::string hold = run_.parts_.ids.next();
  std::vector<Event> question = {event(
      "hold.opened", opened_data(run_.expiring(
                         {.id = hold,
                          .kind = "question",
                          .scope = input_.step_id,
                          .title = "This step finds nothing new. Go on? Answer yes to let it try further.",
                          .detail = {{"tool", call.name}, {"args", call.args}},
                          .fingerprint = call.fingerprint,
                          .opened_ms = run_.parts_.clock.now_ms()})))};
  co_await escalate("ask", stalled_calls_, std::move(question));
  CO_TRY_OK(co_await wait_hold_closed(hold));
  const Decision& decision = run_.state_.decisions[hold];
  const std::string answer =
      decision.payload.is_string() ? decision.payload.get<std::string>() : decision.comment;
  co_return decision.decision == "approve" || answer.starts_with("y") || answer.starts_with("Y");
}

}  // namespace lyceum::planner
