#include "planner/run/run.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>

#include "base/log.hpp"
#include "planner/run/step_run.hpp"

namespace lyceum::planner {
namespace {

bool is_transient(Errc code) {
  return code == Errc::unavailable || code == Errc::deadline_exceeded || code == Errc::overloaded;
}

bool belongs_to_attempt(const Hold& hold) {
  return hold.kind == "approval" || hold.kind == "question" || hold.kind == "resource" ||
         hold.kind == "effect_unknown";
}

}  // namespace

StepDefaults step_defaults(const agents::Registry& agents, const std::string& lead) {
  const auto of_agent =
      [](const void* context,
         const std::string& agent) -> Result<std::pair<std::vector<std::string>, std::string>> {
    const auto* registry = static_cast<const agents::Registry*>(context);
    if (const agents::ExpertAgent* found = registry->find(agent))
      return std::pair(found->spec().tools, found->spec().risk);
    std::string known;
    for (const auto* spec : registry->specs()) known += (known.empty() ? "" : ", ") + spec->name;
    return Error{Errc::invalid_argument, "step.agent: there is no agent '" + agent + "'; known: " + known};
  };
  return {.agent = lead + ".find", .of_agent = of_agent, .context = &agents};
}

Run::Run(PlannerParts& parts, const PlannerOptions& options, RunListener listener, RunState state)
    : parts_(parts),
      options_(options),
      listener_(std::move(listener)),
      strand_(net::make_strand(parts.executor)),
      state_(std::move(state)),
      epoch_(state_.epoch + 1),
      stored_seq_(state_.seq),
      stored_summary_(summary_of(state_)),
      changed_(strand_),
      tasks_(strand_) {}

Run::~Run() = default;

void Run::start(std::vector<Event> first) {
  log(std::move(first), memory::Durability::synced);
  tasks_.spawn("run.write_log", write_log());
  net::co_spawn(strand_, drive(), [self = shared_from_this()](const std::exception_ptr& failure) {
    // The run itself lives until its driver has ended; drive() lets nothing out.
    LYCEUM_CHECK(!failure);
  });
}

Task<RunState> Run::snapshot() {
  const std::uint64_t seq = state_.seq;
  while (stored_seq_ < seq && store_error_.empty()) co_await changed_.wait();
  co_return state_;
}

Task<void> Run::started() {
  co_await stored(state_.seq);
}

Json Run::summary() const {
  Json summary = stored_summary_;
  if (!store_error_.empty()) {
    const Hold stalled{
        .id = "store", .kind = "resource", .title = "The store refuses writes: " + store_error_};
    summary["holds"].push_back(to_json(stalled));
  }
  return summary;
}

Task<void> Run::stop() {
  is_stopping_ = true;
  is_draining_ = true;
  changed_.notify_all();
  while (!has_ended_) co_await changed_.wait();
}

Task<void> Run::drive() {
  while (!is_stopping_ && state_.phase != Phase::terminal) {
    expire_holds();
    if (has_work_) {
      has_work_ = false;
      advance();
      continue;
    }
    co_await wait_for_change();
  }
  for (const auto& [step, attempt] : attempts_) attempt->abort();
  while (!attempts_.empty()) co_await changed_.wait();
  const bool is_over = state_.phase == Phase::terminal;
  is_stopping_ = true;
  changed_.notify_all();
  co_await tasks_.join();
  hub_.publish({.kind = Delivery::Kind::end, .seq = stored_seq_});
  has_ended_ = true;
  changed_.notify_all();
  if (is_over) listener_.ended(state_.run_id);
}

void Run::advance() {
  reconcile();
  if (state_.blocking_hold("") != nullptr) return;
  if (state_.phase == Phase::submitted) {
    log({system_event("run.entered", {{"phase", "planning"}})}, memory::Durability::grouped);
  } else if (state_.phase == Phase::planning) {
    if (state_.plan.rev > 0) {
      log({system_event("run.entered", {{"phase", "executing"}})}, memory::Durability::grouped);
    } else if (!attempts_.contains(kPlanStep) && !is_over(state_.status_of(kPlanStep))) {
      launch(kPlanStep, state_.agent + ".plan");
    } else if (state_.status_of(kPlanStep) == StepStatus::failed) {
      finish();
    }
  } else if (state_.phase == Phase::executing) {
    advance_executing();
  }
}

// Brings attempts and holds in line with the state, whoever changed it.
void Run::reconcile() {
  std::vector<Event> events;
  for (const PlanStep& step : state_.plan.steps) {
    const StepStatus status = state_.status_of(step.id);
    const bool is_for_answer = step.agent == state_.answer_agent();
    if (status == StepStatus::running && !state_.inputs_are_over(step)) {
      Event requeued = system_event("step.requeued", {{"reason", "a step that it builds on is open again"}});
      requeued.step = step.id;
      events.push_back(std::move(requeued));
    } else if (state_.is_wrapping_up && !is_for_answer &&
               (status == StepStatus::pending || status == StepStatus::running)) {
      Event cancelled = system_event(
          "step.finished",
          {{"status", "cancelled"}, {"result", Json::object()}, {"error", "the budget is spent"}});
      cancelled.step = step.id;
      events.push_back(std::move(cancelled));
    }
  }
  for (const auto& [id, hold] : state_.holds) {
    if (!belongs_to_attempt(hold) || state_.status_of(hold.scope) == StepStatus::running) continue;
    Event closed = system_event("hold.closed", {{"hold", id},
                                                {"decision", "withdrawn"},
                                                {"by", "system"},
                                                {"comment", "the step is no longer running"}});
    closed.step = hold.scope;
    events.push_back(std::move(closed));
  }
  if (!events.empty()) log(std::move(events), memory::Durability::grouped);
  for (const auto& [step, attempt] : attempts_) {
    if (!attempt->is_current()) attempt->abort();
  }
}

void Run::advance_executing() {
  const bool asks_for_plan = state_.steps.contains(kPlanStep) && !is_over(state_.status_of(kPlanStep));
  if (asks_for_plan && !attempts_.contains(kPlanStep)) launch(kPlanStep, state_.agent + ".plan");
  bool has_open_step = false;
  for (const PlanStep& step : state_.plan.steps) {
    const StepStatus status = state_.status_of(step.id);
    if (is_over(status)) continue;
    has_open_step = true;
    const bool may_run = (status == StepStatus::pending || status == StepStatus::running) &&
                         !attempts_.contains(step.id) && attempts_.size() < options_.parallel_steps_max &&
                         state_.inputs_are_over(step) && state_.blocking_hold(step.id) == nullptr;
    if (may_run) launch(step.id, step.agent);
  }
  if (!has_open_step && attempts_.empty()) finish();
}

std::vector<std::string> Run::tools_of(const std::string& agent) const {
  const agents::ExpertAgent* found = parts_.agents.find(agent);
  return found == nullptr ? std::vector<std::string>{} : found->spec().tools;
}

void Run::launch(const std::string& step_id, const std::string& agent) {
  const StepState& known = state_.steps[step_id];
  const bool is_rerun = known.status == StepStatus::running;  // After a crash: the same attempt goes on.
  const std::uint32_t attempt_number = is_rerun ? known.attempt : known.attempt + 1;
  const PlanStep* step = state_.plan_step(step_id);
  agents::StepInput input{.run_id = state_.run_id,
                          .step_id = step_id,
                          .attempt = attempt_number,
                          .question = state_.question,
                          .title = step != nullptr ? step->title : "Plan",
                          .goal = step != nullptr ? step->goal : state_.question,
                          .collections = state_.collections,
                          .tools = step != nullptr ? step->tools : tools_of(agent),
                          .done_when = step != nullptr ? step->done_when : ""};
  if (!is_rerun) {
    Event started = system_event("step.started", {{"title", input.title}, {"agent", agent}});
    started.step = step_id;
    started.attempt = attempt_number;
    log({std::move(started)}, memory::Durability::grouped);
  }
  auto attempt = std::make_shared<StepRun>(*this, std::move(input), agent);
  attempts_[step_id] = attempt;
  tasks_.spawn("run.attempt", run_attempt(std::move(attempt)));
}

Task<Result<Json>> Run::run_agent(StepRun& attempt) {
  agents::ExpertAgent* agent = parts_.agents.find(attempt.agent());
  if (agent == nullptr) co_return Error{Errc::not_found, "there is no agent '" + attempt.agent() + "'"};
  try {
    co_return co_await agent->run(attempt);
  } catch (const std::exception& failure) {
    log_error("agent.threw",
              {{"run", state_.run_id}, {"step", attempt.input().step_id}, {"error", failure.what()}});
    co_return Error{Errc::internal, std::string("the agent broke: ") + failure.what()};
  }
}

Task<void> Run::run_attempt(std::shared_ptr<StepRun> attempt) {
  Result<Json> result = co_await run_agent(*attempt);
  if (attempt->is_current() && !is_stopping_) {
    auto events = outcome_of(*attempt, std::move(result));
    log(std::move(events), memory::Durability::grouped);
  }
  // Only now: as long as it is listed, nothing else starts this step.
  attempts_.erase(attempt->input().step_id);
  has_work_ = true;
  changed_.notify_all();
}

std::vector<Event> Run::outcome_of(const StepRun& attempt, Result<Json> result) {
  if (attempt.input().step_id == kPlanStep && state_.plan.rev > 0)
    return adopt_other_plan(attempt, std::move(result));
  if (result && attempt.input().step_id == kPlanStep) return adopt_plan(attempt, *std::move(result));
  if (result)
    return {
        attempt.event("step.finished", {{"status", "done"}, {"result", *std::move(result)}, {"error", ""}})};
  const Error error = std::move(result).error();
  if (is_transient(error.code) && attempt.input().attempt < options_.attempts_max) {
    return {attempt.event("step.requeued", {{"reason", error.message}})};
  }
  return {attempt.event("step.finished",
                        {{"status", "failed"}, {"result", Json::object()}, {"error", error.message}})};
}

void Run::finish() {
  std::string status = "completed";
  std::string reason = "goal_met";
  std::string detail;
  Json gaps = Json::array();
  const StepStatus planning = state_.status_of(kPlanStep);
  if (planning == StepStatus::failed) {
    status = "failed";
    reason = "error";
    detail = state_.steps[kPlanStep].error;
  } else if (!state_.answer.is_object()) {
    status = "completed_partial";
    reason = "partial";
    detail = "no step gave an answer";
    for (const PlanStep& step : state_.plan.steps) {
      const StepState& known = state_.steps[step.id];
      if (known.status != StepStatus::failed) continue;
      gaps.push_back(step.title + ": " + known.error);
      if (step.agent == state_.answer_agent()) {
        status = "failed";
        reason = "error";
        detail = known.error;
      }
    }
  } else if (state_.answer.value("not_found", false)) {
    reason = "not_found";
    detail = "the sources do not hold an answer";
  } else {
    gaps = state_.answer.value("gaps", Json::array());
    if (state_.is_wrapping_up)
      reason = "budget";
    else if (!gaps.empty())
      reason = "partial";
    if (reason != "goal_met") status = "completed_partial";
  }
  parts_.metrics.add("lyceum_runs_finished_total", "Runs that ended, by status", 1, {{"status", status}});
  log({system_event("run.entered", {{"phase", "finalizing"}}),
       system_event("run.finished",
                    {{"status", status}, {"reason", reason}, {"detail", detail}, {"gaps", std::move(gaps)}})},
      memory::Durability::synced);
}

bool Run::is_over_budget(const char** which) const {
  const Budget& limit = state_.budget;
  const RunUsage& used = state_.usage;
  const std::int64_t time_ms =
      used.time_ms + std::max<std::int64_t>(0, parts_.clock.now_ms() - state_.last_ts);
  if (limit.time_s > 0 && time_ms >= limit.time_s * 1000)
    *which = "time_s";
  else if (limit.tokens > 0 && used.tokens_in + used.tokens_out >= limit.tokens)
    *which = "tokens";
  else if (limit.tool_calls > 0 && used.tool_calls >= limit.tool_calls)
    *which = "tool_calls";
  else
    return false;
  return true;
}

void Run::open_budget_hold(const char* which) {
  const std::string hold = parts_.ids.next();
  Event opened = system_event(
      "hold.opened",
      opened_data(
          {.id = hold,
           .kind = "budget",
           .scope = "",
           .title = std::string("The budget of ") + which + " is spent",
           .detail = {{"which", which}, {"budget", to_json(state_.budget)}, {"usage", to_json(state_.usage)}},
           .fingerprint = std::string("budget-") + which,
           .opened_ms = parts_.clock.now_ms()}));
  std::vector<Event> events = {std::move(opened)};
  if (!state_.asks_approval) {
    // Nobody is asked in an unattended run: it answers with what it has.
    events.push_back(system_event("hold.closed", {{"hold", hold},
                                                  {"decision", "deny"},
                                                  {"by", "system"},
                                                  {"comment", "unattended: answer with what there is"}}));
  }
  log(std::move(events), memory::Durability::synced);
}

}  // namespace lyceum::planner
