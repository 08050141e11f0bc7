#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agents/agent.hpp"

namespace lyceum::agents {

/// The expert agents by name. A *lead* ("deep_search") is asked first in a run: its step "plan" drafts the
/// plan. Filled at start, then read from any thread.
class Registry {
 public:
  void add(std::unique_ptr<ExpertAgent> agent);
  ExpertAgent* find(const std::string& name) const;  ///< Null when unknown.
  std::vector<const ExpertAgent::Spec*> specs() const;

 private:
  std::map<std::string, std::unique_ptr<ExpertAgent>> agents_;
};

/// Adds the expert agents of this service: deep_search.plan, deep_search.find, deep_search.read,
/// deep_search.answer.
///
/// `<lead>.plan` is run by the planner as the hidden step "plan" before there is a plan: it emits
/// question.understood and returns
/// {"text", "title", "steps": [Step as in docs/api.md without id]}; the planner makes the ids and revision 1
/// of the plan from it. It is run once more when a step makes no progress: the blackboard then has the plan's
/// steps in `results`, and it returns the steps that should be tried instead, or none. The step whose agent
/// is `<lead>.answer` ends the run: it emits answer.proposed.
void add_expert_agents(Registry& registry);

}  // namespace lyceum::agents
