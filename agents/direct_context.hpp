#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agents/registry.hpp"
#include "agents/step_context.hpp"
#include "tools/registry.hpp"

namespace lyceum::agents {

/// One event of a run without a planner.
struct DirectEvent {
  std::string type{};
  std::string step{};
  Json data = Json::object();
};

/// What the steps of one run without a planner share.
struct DirectRun {
  std::vector<DirectEvent> events{};
  Blackboard blackboard{};
  std::map<std::string, std::string> files{};  ///< Workspace: path -> content.
};

/// A StepContext without a planner: calls go straight to tools and model, events to a list. No holds, no log,
/// no recovery: for evaluations and tests. Everything that it is given must outlive it.
class DirectContext : public StepContext {
 public:
  DirectContext(StepInput input, tools::Registry& tools, model::LanguageModel& model, DirectRun& run)
      : input_(std::move(input)), tools_(tools), model_(model), run_(run) {}

  const StepInput& input() const override { return input_; }

  const model::ModelInfo& model_info() const override { return model_.info(); }

  Task<Result<Json>> act(std::string tool, Json args) override;
  Task<Result<model::Choice>> choose(model::ChooseRequest request) override;
  Task<Result<model::Quotes>> quote(model::QuoteRequest request) override;
  Task<Result<model::Written>> write(model::WriteRequest request, std::string message) override;
  Task<Result<model::Support>> measure_support(model::SupportRequest request) override;
  Task<Result<Blackboard>> read_blackboard() override;
  Task<Result<Json>> emit(std::string type, Json data) override;
  /// unsupported: there is nobody to ask.
  Task<Result<std::string>> ask_person(std::string question, Json detail) override;
  /// unsupported: there is no plan document.
  Task<Result<void>> patch_plan(Json ops, std::string reason) override;

 private:
  StepInput input_;
  tools::Registry& tools_;
  model::LanguageModel& model_;
  DirectRun& run_;
};

/// Plans `question` with `<lead>.plan` and runs the steps one after another. Errors: those of the first step
/// that fails.
Task<Result<DirectRun>> run_directly(const Registry& agents, tools::Registry& tools,
                                     model::LanguageModel& model, std::string lead, std::string question,
                                     std::vector<std::string> collections);

}  // namespace lyceum::agents
