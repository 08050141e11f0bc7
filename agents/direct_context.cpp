#include "agents/direct_context.hpp"

#include <algorithm>

namespace lyceum::agents {
namespace {

Evidence evidence_from(const Json& data, const std::string& step) {
  return {.id = data.value("evidence", ""),
          .step = step,
          .quote = data.value("quote", ""),
          .document = data.value("document", ""),
          .title = data.value("title", ""),
          .section = data.value("section", ""),
          .collection = data.value("collection", ""),
          .begin = data.value("begin", std::uint64_t{0}),
          .end = data.value("end", std::uint64_t{0}),
          .url = data.value("url", ""),
          .score = data.value("score", 0.0),
          .question = data.value("question", ""),
          .by = data.value("by", "")};
}

void set_dropped(Blackboard& blackboard, const Json& data, const std::string& reason) {
  for (Evidence& evidence : blackboard.evidence) {
    if (evidence.id == data.value("evidence", "")) evidence.dropped = reason;
  }
}

/// Mentions and evidence of a known entity add up; relations pile up.
void merge_map(Blackboard& blackboard, const Json& data) {
  for (const Json& entity : data.at("entities")) {
    const auto known = std::find_if(blackboard.entities.begin(), blackboard.entities.end(),
                                    [&](const Json& other) { return other.at("id") == entity.at("id"); });
    if (known == blackboard.entities.end()) {
      blackboard.entities.push_back(entity);
      continue;
    }
    (*known)["mentions"] =
        known->at("mentions").get<std::size_t>() + entity.at("mentions").get<std::size_t>();
    for (const Json& id : entity.at("evidence")) (*known)["evidence"].push_back(id);
  }
  for (const Json& relation : data.at("relations")) blackboard.relations.push_back(relation);
}

void fold(Blackboard& blackboard, const std::string& type, const Json& data, const std::string& step) {
  if (type == "evidence.added") blackboard.evidence.push_back(evidence_from(data, step));
  if (type == "evidence.dropped") set_dropped(blackboard, data, data.value("reason", ""));
  if (type == "evidence.restored") set_dropped(blackboard, data, "");
  if (type == "knowledge.updated") blackboard.knowledge = data.at("entries");
  if (type == "map.updated") merge_map(blackboard, data);
}

}  // namespace

Task<Result<Json>> DirectContext::act(std::string tool, Json args) {
  if (std::find(input_.tools.begin(), input_.tools.end(), tool) == input_.tools.end()) {
    co_return Error{Errc::forbidden, "tool \"" + tool + "\" is not on the step's list"};
  }
  CO_TRY_OK(tools_.validate(tool, args));
  tools::ToolCall call{.run_id = input_.run_id,
                       .step_id = input_.step_id,
                       .key = input_.step_id,
                       .collections = input_.collections};
  CO_TRY(tools::ToolOutcome outcome, co_await tools_.find(tool)->run(std::move(args), std::move(call)));
  for (tools::FileChange& file : outcome.files) run_.files[file.path] = std::move(file.content);
  co_return std::move(outcome.result);
}

Task<Result<model::Choice>> DirectContext::choose(model::ChooseRequest request) {
  co_return co_await model_.choose(std::move(request));
}

Task<Result<model::Quotes>> DirectContext::quote(model::QuoteRequest request) {
  co_return co_await model_.quote(std::move(request));
}

Task<Result<model::Written>> DirectContext::write(model::WriteRequest request, std::string message) {
  static_cast<void>(message);
  co_return co_await model_.write(std::move(request), nullptr);
}

Task<Result<Blackboard>> DirectContext::read_blackboard() {
  run_.blackboard.seq = run_.events.size();
  co_return run_.blackboard;
}

Task<Result<Json>> DirectContext::emit(std::string type, Json data) {
  if (type == "evidence.added") data["evidence"] = "e" + std::to_string(run_.blackboard.evidence.size() + 1);
  fold(run_.blackboard, type, data, input_.step_id);
  run_.events.push_back({.type = std::move(type), .step = input_.step_id, .data = data});
  co_return data;
}

Task<Result<std::string>> DirectContext::ask_person(std::string question, Json detail) {
  static_cast<void>(detail);
  co_return Error{Errc::unsupported, "nobody is there to answer: " + question};
}

Task<Result<void>> DirectContext::patch_plan(Json ops, std::string reason) {
  static_cast<void>(ops);
  static_cast<void>(reason);
  co_return Error{Errc::unsupported, "a run without a planner has no plan to change"};
}

Task<Result<DirectRun>> run_directly(const Registry& agents, tools::Registry& tools,
                                     model::LanguageModel& model, std::string lead, std::string question,
                                     std::vector<std::string> collections) {
  DirectRun run;
  StepInput input{.run_id = "direct",
                  .step_id = "plan",
                  .question = std::move(question),
                  .collections = std::move(collections)};
  ExpertAgent* planner = agents.find(lead + ".plan");
  if (planner == nullptr) co_return Error{Errc::not_found, "no agent is called \"" + lead + ".plan\""};
  DirectContext plan_context(input, tools, model, run);
  CO_TRY(const Json plan, co_await planner->run(plan_context));
  std::size_t number = 0;
  for (const Json& step : plan.at("steps")) {
    input.step_id = "s" + std::to_string(++number);
    input.title = step.at("title").get<std::string>();
    input.goal = step.at("goal").get<std::string>();
    input.tools = step.at("tools").get<std::vector<std::string>>();
    const std::string agent_name = step.at("agent").get<std::string>();
    ExpertAgent* agent = agents.find(agent_name);
    if (agent == nullptr) co_return Error{Errc::not_found, "no agent is called \"" + agent_name + "\""};
    DirectContext context(input, tools, model, run);
    CO_TRY(Json result, co_await agent->run(context));
    run.blackboard.results.push_back({.step = input.step_id,
                                      .title = input.title,
                                      .goal = input.goal,
                                      .agent = agent_name,
                                      .status = "done",
                                      .result = std::move(result)});
  }
  co_return run;
}

}  // namespace lyceum::agents
