#include "planner/run/commands.hpp"

#include <algorithm>
#include <limits>

#include "model/white_box.hpp"
#include "planner/plan/markdown.hpp"

namespace lyceum::planner {
namespace {

bool changes_work(const PlanStep& before, const PlanStep& after) {
  return before.goal != after.goal || before.agent != after.agent || before.inputs != after.inputs ||
         before.tools != after.tools || before.done_when != after.done_when;
}

}  // namespace

CommandHandler::CommandHandler(Run& run, const Json& command, std::string author)
    : run_(run),
      state_(run.state_),
      command_(command),
      fields_(command, "command"),
      author_(std::move(author)) {
  id_ = fields_.required_string("id", kMaxIdBytes);
  type_ = fields_.required_string("type", kMaxIdBytes);
}

Event CommandHandler::event(std::string type, const std::string& step, Json data) const {
  return {.type = std::move(type), .actor = author_, .step = step, .cmd = id_, .data = std::move(data)};
}

Event CommandHandler::close_hold(const Hold& hold, const std::string& decision) const {
  return event("hold.closed", hold.scope,
               {{"hold", hold.id}, {"decision", decision}, {"by", author_}, {"comment", ""}});
}

Json CommandHandler::open_hold(const std::string& kind, const std::string& scope,
                               const std::string& title) const {
  return opened_data({.id = run_.parts_.ids.next(),
                      .kind = kind,
                      .scope = scope,
                      .title = title,
                      .detail = Json::object(),
                      .fingerprint = kind + ":" + scope,
                      .opened_ms = run_.parts_.clock.now_ms()});
}

std::variant<CommandHandler::Events, Refusal> CommandHandler::decide() {
  if (state_.phase == Phase::terminal) {
    return Refusal{{Errc::precondition, "the run is over"},
                   {{"phase", "terminal"}, {"outcome", state_.outcome}}};
  }
  auto consequences = dispatch();
  if (!consequences) return Refusal{std::move(consequences).error(), current_};
  Json args = command_;
  args.erase("id");
  args.erase("type");
  Events decided = {event("command.accepted", "", {{"id", id_}, {"type", type_}, {"args", std::move(args)}})};
  std::move(consequences->begin(), consequences->end(), std::back_inserter(decided));
  return decided;
}

Result<CommandHandler::Events> CommandHandler::dispatch() {
  if (type_ == "run.pause") return pause();
  if (type_ == "run.resume") return resume();
  if (type_ == "run.cancel") return cancel();
  if (type_ == "plan.patch") return patch_plan();
  if (type_ == "hold.resolve") return resolve_hold();
  if (type_ == "step.retry") return retry_step();
  if (type_ == "step.skip") return skip_step();
  if (type_ == "step.takeover") return take_over_step();
  if (type_ == "step.commit") return commit_step();
  if (type_ == "step.return") return return_step();
  if (type_ == "note.inject") return inject_note();
  if (type_ == "evidence.inject") return inject_evidence();
  if (type_ == "evidence.drop") return mark_evidence(true);
  if (type_ == "evidence.restore") return mark_evidence(false);
  if (type_ == "budget.set") return set_budget();
  if (type_ == "experts.set") return set_experts();
  fields_.fail("type", "unknown command '" + type_ + "'");
  return fields_.finish().error();
}

Result<CommandHandler::Events> CommandHandler::pause() {
  const std::string path = fields_.string("path", "", kMaxIdBytes);
  TRY_OK(fields_.finish());
  if (!path.empty() && path != kPlanStep && state_.plan_step(path) == nullptr) {
    return Error{Errc::not_found, "the plan has no step '" + path + "'"};
  }
  if (const Hold* open = state_.find_hold("pause", path)) {
    current_ = to_json(*open);
    return Error{Errc::conflict, "already paused"};
  }
  return Events{event("pause.requested", path, {{"path", path}}),
                event("hold.opened", path, open_hold("pause", path, "Paused"))};
}

Result<CommandHandler::Events> CommandHandler::resume() {
  const std::string path = fields_.string("path", "", kMaxIdBytes);
  TRY_OK(fields_.finish());
  const Hold* hold = state_.find_hold("pause", path);
  if (hold == nullptr)
    return Error{Errc::conflict, path.empty() ? "the run is not paused" : "step " + path + " is not paused"};
  return Events{close_hold(*hold, "resume")};
}

Result<CommandHandler::Events> CommandHandler::cancel() {
  const std::string reason = fields_.string("reason", "", kMaxTextBytes);
  TRY_OK(fields_.finish());
  return Events{
      event("run.finished", "",
            {{"status", "cancelled"}, {"reason", "user"}, {"detail", reason}, {"gaps", Json::array()}})};
}

Result<CommandHandler::Events> CommandHandler::set_budget() {
  constexpr std::int64_t kMax = 1'000'000'000;
  const Budget budget{.time_s = fields_.integer("time_s", state_.budget.time_s, 0, kMax),
                      .tokens = fields_.integer("tokens", state_.budget.tokens, 0, kMax),
                      .tool_calls = fields_.integer("tool_calls", state_.budget.tool_calls, 0, kMax)};
  TRY_OK(fields_.finish());
  Events events = {event("budget.set", "", {{"budget", to_json(budget)}})};
  if (const Hold* hold = state_.find_hold("budget", "")) {
    const RunUsage& used = state_.usage;
    const bool is_enough = (budget.time_s == 0 || used.time_ms < budget.time_s * 1000) &&
                           (budget.tokens == 0 || used.tokens_in + used.tokens_out < budget.tokens) &&
                           (budget.tool_calls == 0 || used.tool_calls < budget.tool_calls);
    if (is_enough) events.push_back(close_hold(*hold, "answer"));
  }
  return events;
}

Result<CommandHandler::Events> CommandHandler::set_experts() {
  const auto experts = fields_.required_integer("experts", 0, std::numeric_limits<std::int32_t>::max());
  TRY_OK(fields_.finish());
  model::LanguageModel& model = run_.parts_.model;
  const std::uint32_t most = model.white_box() == nullptr ? 0 : model.white_box()->experts_max();
  if (most == 0)
    return Error{Errc::unsupported, "the model " + model.info().name + " has no experts to choose from"};
  if (experts > most)
    return Error{Errc::invalid_argument,
                 "command.experts: the model " + model.info().name + " uses 1 to " + std::to_string(most) +
                     " experts a token, or 0 for its own number, not " + std::to_string(experts)};
  return Events{event("experts.set", "", {{"experts", experts}})};
}

Result<CommandHandler::Events> CommandHandler::patch_plan() {
  const auto base_rev = static_cast<std::uint64_t>(fields_.required_integer("base_rev", 0, 1'000'000));
  const bool is_markdown = fields_.has("markdown");
  const std::string markdown = fields_.string("markdown", "", kMaxMarkdownBytes);
  Json ops = fields_.array("ops", kMaxOps);
  const std::string reason = fields_.string("reason", "", kMaxTextBytes);
  if (!is_markdown && ops.empty()) fields_.fail("ops", "required, unless markdown is given");
  TRY_OK(fields_.finish());
  if (base_rev != state_.plan.rev) {
    current_ = to_json(state_.plan);
    return Error{Errc::conflict, "the plan is at revision " + std::to_string(state_.plan.rev) +
                                     ", the change is for revision " + std::to_string(base_rev)};
  }
  if (is_markdown) {
    TRY(const Plan wanted, parse_plan_markdown(markdown));
    TRY(ops, plan_difference(state_.plan, wanted));
    if (ops.empty())
      return Error{Errc::invalid_argument, "command.markdown: says what the plan says already"};
  }
  return plan_events(ops, reason);
}

// A step that is over is a record: to change it means a new step in its place.
std::vector<Json> CommandHandler::supersede_finished(Json& ops, std::vector<Event>& events) const {
  std::vector<Json> result;
  std::uint64_t next_id = state_.next_step_id;
  for (Json& op : ops) {
    const std::string kind = op.value("op", "");
    const std::string target =
        op.contains("step") && op["step"].is_string() ? op["step"].get<std::string>() : "";
    const PlanStep* step = state_.plan_step(target);
    if (kind == "update" && step != nullptr && is_over(state_.status_of(target))) {
      Json description = to_json(*step);
      description.erase("id");
      description.erase("author");
      description.update(op.value("set", Json::object()));
      result.push_back({{"op", "insert"}, {"after", target}, {"step", std::move(description)}});
      if (state_.status_of(target) != StepStatus::superseded) {
        events.push_back(
            event("step.finished", target,
                  {{"status", "superseded"}, {"result", state_.steps.at(target).result}, {"error", ""}}));
      }
      const std::string successor = "s" + std::to_string(next_id++);
      for (const PlanStep& other : state_.plan.steps) {
        std::vector<std::string> inputs = other.inputs;
        std::replace(inputs.begin(), inputs.end(), target, successor);
        if (inputs == other.inputs || is_over(state_.status_of(other.id))) continue;
        result.push_back({{"op", "update"}, {"step", other.id}, {"set", {{"inputs", std::move(inputs)}}}});
      }
    } else {
      if (kind == "insert") ++next_id;
      result.push_back(std::move(op));
    }
  }
  return result;
}

Result<CommandHandler::Events> CommandHandler::plan_events(const Json& ops_in, const std::string& reason) {
  Events events;
  Json ops = ops_in;
  ops = supersede_finished(ops, events);
  TRY(PlanEdit edit, apply_ops({.plan = state_.plan, .next_id = state_.next_step_id}, ops, author_,
                               step_defaults(run_.parts_.agents, state_.agent)));
  for (const PlanStep& before : state_.plan.steps) {
    const PlanStep* after = edit.plan.find(before.id);
    const StepStatus status = state_.status_of(before.id);
    if (after == nullptr && is_over(status)) {
      return Error{Errc::precondition,
                   "step " + before.id + " is over and cannot be deleted; it is part of the record"};
    }
    if (after == nullptr && status != StepStatus::pending) {
      events.push_back(
          event("step.finished", before.id,
                {{"status", "cancelled"}, {"result", Json::object()}, {"error", "deleted from the plan"}}));
      for (const auto& [id, hold] : state_.holds) {
        if (hold.scope == before.id && (hold.kind == "takeover" || hold.kind == "pause"))
          events.push_back(close_hold(hold, "withdrawn"));
      }
    }
    if (after != nullptr && status == StepStatus::running && changes_work(before, *after)) {
      events.push_back(event("step.requeued", before.id, {{"reason", "edited by " + author_}}));
    }
  }
  Json patched = to_json(edit.plan);
  patched.update(
      {{"base_rev", state_.plan.rev}, {"ops", std::move(ops)}, {"author", author_}, {"reason", reason}});
  events.push_back(event("plan.patched", "", std::move(patched)));
  return events;
}

Result<CommandHandler::Events> CommandHandler::resolve_hold() {
  const std::string id = fields_.required_string("hold", 80);
  const std::string decision = fields_.choice("decision", "approve", {"approve", "edit", "deny", "answer"});
  const Json payload = fields_.any("payload");
  const std::string comment = fields_.string("comment", "", kMaxTextBytes);
  const bool remember = fields_.boolean("remember", false);
  if (decision == "edit" && !payload.is_object())
    fields_.fail("payload", "required with edit: the arguments to use instead");
  if (decision == "answer" && payload.is_null() && comment.empty())
    fields_.fail("payload", "required with answer");
  TRY_OK(fields_.finish());
  const auto found = state_.holds.find(id);
  if (found == state_.holds.end()) return Error{Errc::conflict, "hold " + id + " is not open"};
  const Hold& hold = found->second;
  if (hold.kind == "approval" && decision == "edit") {
    TRY_OK(run_.parts_.tools.validate(hold.detail.value("tool", ""), payload));
  }
  if (hold.kind == "approval" && decision == "answer")
    return Error{Errc::invalid_argument, "command.decision: an approval takes approve, edit or deny"};
  if (hold.kind == "takeover")
    return Error{Errc::precondition, "a taken-over step ends with step.commit or step.return"};
  if (hold.kind == "pause") return Error{Errc::precondition, "a pause ends with run.resume"};
  Events events = {event("hold.closed", hold.scope,
                         {{"hold", id},
                          {"decision", decision},
                          {"by", author_},
                          {"payload", payload},
                          {"comment", comment},
                          {"remember", remember}})};
  if (hold.kind == "plan_review" && decision == "deny") {
    events.push_back(event("run.finished", "",
                           {{"status", "cancelled"},
                            {"reason", "user"},
                            {"detail", comment.empty() ? "the plan was refused" : comment},
                            {"gaps", Json::array()}}));
  }
  if (hold.kind == "budget" && decision == "approve") {
    // Go on: as much again of what ran out.
    Budget budget = state_.budget;
    const std::string which = hold.detail.value("which", "");
    if (which == "time_s")
      budget.time_s += std::max<std::int64_t>(budget.time_s, state_.usage.time_ms / 1000);
    if (which == "tokens")
      budget.tokens += std::max(budget.tokens, state_.usage.tokens_in + state_.usage.tokens_out);
    if (which == "tool_calls") budget.tool_calls += std::max(budget.tool_calls, state_.usage.tool_calls);
    events.insert(events.begin(), event("budget.set", "", {{"budget", to_json(budget)}}));
  }
  return events;
}

Result<std::string> CommandHandler::read_step() {
  const std::string step = fields_.required_string("step", kMaxIdBytes);
  if (!step.empty() && state_.plan_step(step) == nullptr)
    return Error{Errc::not_found, "the plan has no step '" + step + "'"};
  return step;
}

Result<CommandHandler::Events> CommandHandler::retry_step() {
  TRY(const std::string step, read_step());
  const std::string reason = fields_.string("reason", "", kMaxTextBytes);
  TRY_OK(fields_.finish());
  const StepStatus status = state_.status_of(step);
  if (status == StepStatus::pending || status == StepStatus::superseded) {
    return Error{Errc::precondition, "step " + step + " is " + std::string(name_of(status))};
  }
  if (status == StepStatus::taken_over)
    return Error{Errc::precondition, "step " + step + " is taken over; return it first"};
  return Events{
      event("step.requeued", step, {{"reason", reason.empty() ? "retried by " + author_ : reason}})};
}

Result<CommandHandler::Events> CommandHandler::skip_step() {
  TRY(const std::string step, read_step());
  const std::string reason = fields_.string("reason", "", kMaxTextBytes);
  TRY_OK(fields_.finish());
  if (is_over(state_.status_of(step))) return Error{Errc::precondition, "step " + step + " is over"};
  Events events;
  if (const Hold* hold = state_.find_hold("takeover", step)) events.push_back(close_hold(*hold, "withdrawn"));
  events.push_back(
      event("step.finished", step, {{"status", "skipped"}, {"result", Json::object()}, {"error", reason}}));
  return events;
}

Result<CommandHandler::Events> CommandHandler::take_over_step() {
  TRY(const std::string step, read_step());
  TRY_OK(fields_.finish());
  const StepStatus status = state_.status_of(step);
  if (is_over(status) || status == StepStatus::taken_over) {
    return Error{Errc::precondition, "step " + step + " is " + std::string(name_of(status))};
  }
  return Events{event("step.taken_over", step, {{"by", author_}}),
                event("hold.opened", step, open_hold("takeover", step, "Taken over by " + author_))};
}

Result<CommandHandler::Events> CommandHandler::return_step() {
  TRY(const std::string step, read_step());
  TRY_OK(fields_.finish());
  if (state_.status_of(step) != StepStatus::taken_over)
    return Error{Errc::precondition, "step " + step + " is not taken over"};
  return Events{close_hold(*state_.find_hold("takeover", step), "resume"),
                event("step.returned", step, {{"by", author_}})};
}

Result<CommandHandler::Events> CommandHandler::inject_note() {
  const std::string text = fields_.required_string("text", kMaxTextBytes);
  const std::string path = fields_.string("path", "", kMaxIdBytes);
  TRY_OK(fields_.finish());
  if (!path.empty() && state_.plan_step(path) == nullptr)
    return Error{Errc::not_found, "the plan has no step '" + path + "'"};
  return Events{event("note.injected", path, {{"text", text}, {"path", path}})};
}

Task<CommandOutcome> Run::command(Json command, std::string author) {
  CommandHandler handler(*this, command, std::move(author));
  if (const auto known = state_.commands.find(handler.id()); known != state_.commands.end()) {
    co_await stored(known->second);
    co_return known->second;
  }
  if (!store_error_.empty())
    co_return Refusal{
        {Errc::io, "the store refuses writes (" + store_error_ + "); nothing was lost, try again"}};
  if (is_draining_) co_return Refusal{{Errc::shutting_down, "the service is stopping"}};
  if (const auto prepared = co_await handler.prepare(); !prepared) co_return Refusal{prepared.error()};
  // The same command may have come twice while the store was asked.
  if (const auto known = state_.commands.find(handler.id()); known != state_.commands.end())
    co_return known->second;
  auto decided = handler.decide();
  if (auto* refusal = std::get_if<Refusal>(&decided)) co_return std::move(*refusal);
  const std::uint64_t accepted_seq = state_.seq + 1;
  const std::uint64_t last =
      log(std::get<CommandHandler::Events>(std::move(decided)), memory::Durability::synced);
  co_await stored(last);
  co_return accepted_seq;
}

}  // namespace lyceum::planner
