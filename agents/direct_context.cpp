#include "agents/direct_context.hpp"

#include <algorithm>

#include "agents/findings.hpp"

namespace lyceum::agents {
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

Task<Result<model::Support>> DirectContext::measure_support(model::SupportRequest request) {
  if (model_.white_box() == nullptr)
    co_return Error{Errc::unsupported, "the model " + model_.info().name + " does not measure support"};
  co_return co_await model_.white_box()->measure_support(std::move(request));
}

Task<Result<Blackboard>> DirectContext::read_blackboard() {
  run_.blackboard.seq = run_.events.size();
  co_return run_.blackboard;
}

Task<Result<Json>> DirectContext::emit(std::string type, Json data) {
  if (type == "evidence.added") data["evidence"] = "e" + std::to_string(run_.blackboard.evidence.size() + 1);
  fold_finding(run_.blackboard, type, data, input_.step_id, "");
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
