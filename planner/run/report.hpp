#pragma once

#include <string>

#include "planner/run/state.hpp"

namespace lyceum::planner {

/// The answer as a document for people: sentences with numbered citations, gaps, disagreements, then the
/// sources with their quotes.
std::string report_markdown(const RunState& state);

/// Everything that is known about the run, as JSON.
Json report_json(const RunState& state);

}  // namespace lyceum::planner
