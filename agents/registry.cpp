#include "agents/registry.hpp"

#include "agents/deep_search/agents.hpp"
#include "base/check.hpp"

namespace lyceum::agents {

void Registry::add(std::unique_ptr<ExpertAgent> agent) {
  LYCEUM_CHECK(agent != nullptr && !agent->spec().name.empty());
  const std::string name = agent->spec().name;
  const bool inserted = agents_.emplace(name, std::move(agent)).second;
  LYCEUM_CHECK(inserted);
}

ExpertAgent* Registry::find(const std::string& name) const {
  const auto found = agents_.find(name);
  return found == agents_.end() ? nullptr : found->second.get();
}

std::vector<const ExpertAgent::Spec*> Registry::specs() const {
  std::vector<const ExpertAgent::Spec*> specs;
  specs.reserve(agents_.size());
  for (const auto& [name, agent] : agents_) specs.push_back(&agent->spec());
  return specs;
}

void add_expert_agents(Registry& registry) {
  registry.add(deep_search::make_plan_agent());
  registry.add(deep_search::make_find_agent());
  registry.add(deep_search::make_read_agent());
  registry.add(deep_search::make_answer_agent());
}

}  // namespace lyceum::agents
