#pragma once

#include <string>

#include "agents/step_context.hpp"

namespace lyceum::agents {

/// Folds one event of type `type` into what a run has found: evidence.*, knowledge.updated, map.updated,
/// query.issued; others change nothing. `step` and `actor` are the event's. Pure. A knowledge entry replaces
/// the one for the same question, and an entity's mentions and evidence add up.
void fold_finding(Blackboard& board, const std::string& type, const Json& data, const std::string& step,
                  const std::string& actor);

/// The data of the event evidence.added. Without an id it has none: the run gives it one.
Json evidence_data(const Evidence& evidence);

}  // namespace lyceum::agents
