#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agents/step_context.hpp"

namespace lyceum::agents {

/// An expert agent: a coroutine per step. Stateless; shared by all runs and threads.
class ExpertAgent {
 public:
  ExpertAgent() = default;
  ExpertAgent(const ExpertAgent&) = delete;
  ExpertAgent& operator=(const ExpertAgent&) = delete;
  virtual ~ExpertAgent() = default;

  struct Spec {
    std::string name{};  ///< "deep_search.find": what a step's `agent` names.
    std::string description{};
    std::vector<std::string> tools{};  ///< Tools that its steps get when the plan does not say.
    std::string risk = "low";
  };

  virtual const Spec& spec() const = 0;

  /// Does the step. The JSON is the step's result: {"text": one paragraph for people, …}. An error fails the
  /// step.
  virtual Task<Result<Json>> run(StepContext& context) = 0;
};

}  // namespace lyceum::agents
