#pragma once

#include <memory>

#include "agents/agent.hpp"

namespace lyceum::agents::deep_search {

/// Understands the question and drafts the plan: one find step a sub-question, one read step a URL, one
/// answer step.
std::unique_ptr<ExpertAgent> make_plan_agent();
/// Searches the run's collections in rounds until the quotes answer the step's sub-question or nothing new
/// turns up.
std::unique_ptr<ExpertAgent> make_find_agent();
/// Fetches the address in the step's goal and quotes from it.
std::unique_ptr<ExpertAgent> make_read_agent();
/// Answers from the evidence on the blackboard, every sentence with its citation, or says that it was not
/// found.
std::unique_ptr<ExpertAgent> make_answer_agent();

}  // namespace lyceum::agents::deep_search
