#pragma once

#include <string>

#include "agents/registry.hpp"
#include "planner/run/event.hpp"
#include "planner/service.hpp"

namespace lyceum::planner {

struct Submission {
  std::string run_id{};  ///< Empty when the client leaves the choice to the service.
  Event event{};         ///< run.submitted, without author and time.
};

/// Reads the body of POST /api/runs. Errors: invalid_argument, naming the field.
Result<Submission> read_submission(const Json& body, const agents::Registry& agents,
                                   const PlannerOptions& options);

}  // namespace lyceum::planner
