#include "planner/plan/plan.hpp"

#include <algorithm>
#include <set>

namespace lyceum::planner {
namespace {

using Steps = std::vector<PlanStep>;

Steps::iterator find_step(Steps& steps, const std::string& id) {
  return std::find_if(steps.begin(), steps.end(), [&](const PlanStep& step) { return step.id == id; });
}

Error no_step(const std::string& id) {
  return Error{Errc::not_found, "the plan has no step '" + id + "'"};
}

// Where a step goes that should stand after `after` (null: first).
Result<Steps::iterator> place_after(Steps& steps, const Json& after) {
  if (after.is_null()) return steps.begin();
  if (!after.is_string()) return Error{Errc::invalid_argument, "op.after: expected a step id or null"};
  const auto found = find_step(steps, after.get<std::string>());
  if (found == steps.end()) return no_step(after.get<std::string>());
  return found + 1;
}

Result<void> read_fields(PlanStep& step, const Json& fields_json, const std::string& path,
                         const StepDefaults& defaults) {
  FieldReader fields(fields_json, path);
  const bool names_agent = fields.has("agent");
  step.title = fields.string("title", step.title, kMaxTitleBytes);
  step.goal = fields.string("goal", step.goal, kMaxGoalBytes);
  step.agent = fields.string("agent", step.agent, 100);
  step.done_when = fields.string("done_when", step.done_when, kMaxGoalBytes);
  if (fields.has("inputs")) step.inputs = fields.strings("inputs", kMaxSteps, 40);
  const bool names_tools = fields.has("tools");
  if (names_tools) step.tools = fields.strings("tools", 64, 100);
  const bool names_risk = fields.has("risk");
  step.risk = fields.choice("risk", step.risk, {"low", "medium", "high"});
  TRY_OK(fields.finish());
  if (step.title.empty()) return Error{Errc::invalid_argument, path + ".title: must not be empty"};
  if (step.title.find('\n') != std::string::npos) {
    return Error{Errc::invalid_argument, path + ".title: must be one line"};
  }
  if (step.goal.empty()) step.goal = step.title;
  if (names_agent || (step.tools.empty() && !names_tools)) {
    TRY(auto of_agent, defaults.of_agent(defaults.context, step.agent));
    if (!names_tools) step.tools = of_agent.first;
    if (!names_risk) step.risk = of_agent.second;
  }
  return ok();
}

Result<void> insert(PlanEdit& edit, const Json& op, const std::string& author, const StepDefaults& defaults) {
  FieldReader fields(op, "op");
  fields.string("op", "", 20);
  const Json after = fields.any("after");
  const Json& description = fields.object("step");
  TRY_OK(fields.finish());
  PlanStep step{.id = "s" + std::to_string(edit.next_id), .agent = defaults.agent, .author = author};
  TRY_OK(read_fields(step, description, "op.step", defaults));
  TRY(const auto place, place_after(edit.plan.steps, after));
  edit.plan.steps.insert(place, std::move(step));
  ++edit.next_id;
  return ok();
}

Result<void> update(Plan& plan, const Json& op, const std::string& author, const StepDefaults& defaults) {
  FieldReader fields(op, "op");
  fields.string("op", "", 20);
  const std::string id = fields.required_string("step", 40);
  const Json& set = fields.object("set");
  TRY_OK(fields.finish());
  const auto step = find_step(plan.steps, id);
  if (step == plan.steps.end()) return no_step(id);
  TRY_OK(read_fields(*step, set, "op.set", defaults));
  step->author = author;
  return ok();
}

Result<void> erase(Plan& plan, const Json& op) {
  FieldReader fields(op, "op");
  fields.string("op", "", 20);
  const std::string id = fields.required_string("step", 40);
  TRY_OK(fields.finish());
  const auto step = find_step(plan.steps, id);
  if (step == plan.steps.end()) return no_step(id);
  plan.steps.erase(step);
  for (PlanStep& other : plan.steps) std::erase(other.inputs, id);
  return ok();
}

Result<void> move(Plan& plan, const Json& op) {
  FieldReader fields(op, "op");
  fields.string("op", "", 20);
  const std::string id = fields.required_string("step", 40);
  const Json after = fields.any("after");
  TRY_OK(fields.finish());
  const auto step = find_step(plan.steps, id);
  if (step == plan.steps.end()) return no_step(id);
  if (after == Json(id)) return ok();
  PlanStep moved = std::move(*step);
  plan.steps.erase(step);
  TRY(const auto place, place_after(plan.steps, after));
  plan.steps.insert(place, std::move(moved));
  return ok();
}

}  // namespace

const PlanStep* Plan::find(const std::string& id) const {
  const auto found =
      std::find_if(steps.begin(), steps.end(), [&](const PlanStep& step) { return step.id == id; });
  return found == steps.end() ? nullptr : &*found;
}

std::vector<std::string> Plan::inputs_of(const PlanStep& step) const {
  if (std::find(step.inputs.begin(), step.inputs.end(), "*") == step.inputs.end()) return step.inputs;
  std::vector<std::string> above;
  for (const PlanStep& other : steps) {
    if (other.id == step.id) break;
    above.push_back(other.id);
  }
  return above;
}

Json to_json(const PlanStep& step) {
  return {
      {"id", step.id},         {"title", step.title}, {"goal", step.goal},           {"agent", step.agent},
      {"inputs", step.inputs}, {"tools", step.tools}, {"done_when", step.done_when}, {"risk", step.risk},
      {"author", step.author}};
}

Json to_json(const Plan& plan) {
  Json steps = Json::array();
  for (const PlanStep& step : plan.steps) steps.push_back(to_json(step));
  return {{"rev", plan.rev}, {"steps", std::move(steps)}};
}

Plan plan_from_json(const Json& json) {
  Plan plan{.rev = json.value("rev", std::uint64_t{0})};
  for (const Json& step : json.value("steps", Json::array())) {
    plan.steps.push_back({.id = step.value("id", ""),
                          .title = step.value("title", ""),
                          .goal = step.value("goal", ""),
                          .agent = step.value("agent", ""),
                          .inputs = step.value("inputs", std::vector<std::string>{}),
                          .tools = step.value("tools", std::vector<std::string>{}),
                          .done_when = step.value("done_when", ""),
                          .risk = step.value("risk", "low"),
                          .author = step.value("author", "")});
  }
  return plan;
}

Result<void> validate(const Plan& plan) {
  if (plan.steps.size() > kMaxSteps) {
    return Error{Errc::invalid_argument, "the plan has " + std::to_string(plan.steps.size()) +
                                             " steps, the limit is " + std::to_string(kMaxSteps)};
  }
  std::set<std::string> above;
  for (const PlanStep& step : plan.steps) {
    for (const std::string& input : step.inputs) {
      if (input != "*" && !above.contains(input)) {
        return Error{Errc::invalid_argument, "step " + step.id + " (" + step.title + "): input '" + input +
                                                 "' is not a step above it"};
      }
    }
    if (!above.insert(step.id).second) {
      return Error{Errc::invalid_argument, "step id " + step.id + " stands twice"};
    }
  }
  return ok();
}

Result<PlanEdit> apply_ops(PlanEdit edit, const Json& ops, const std::string& author,
                           const StepDefaults& defaults) {
  for (const Json& op : ops) {
    const std::string kind =
        op.is_object() && op.contains("op") && op["op"].is_string() ? op["op"].get<std::string>() : "";
    if (kind == "insert") {
      TRY_OK(insert(edit, op, author, defaults));
    } else if (kind == "update") {
      TRY_OK(update(edit.plan, op, author, defaults));
    } else if (kind == "delete") {
      TRY_OK(erase(edit.plan, op));
    } else if (kind == "move") {
      TRY_OK(move(edit.plan, op));
    } else {
      return Error{Errc::invalid_argument, "op.op: expected one of: insert, update, delete, move"};
    }
  }
  TRY_OK(validate(edit.plan));
  ++edit.plan.rev;
  return edit;
}

}  // namespace lyceum::planner
