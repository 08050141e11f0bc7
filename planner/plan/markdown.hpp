#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "planner/plan/plan.hpp"

namespace lyceum::planner {

inline constexpr std::size_t kMaxMarkdownBytes = 256U << 10U;

/// The plan as a document:
///
///   # <title>
///
///   ## Find who wrote it  {#s1}
///   The goal, over as many lines as it needs.
///   - agent: deep_search.find
///   - inputs: s0, *
///   - tools: search_memory
///   - done when: …
///   - risk: low
///
/// parse_plan_markdown(plan_markdown(title, plan)) gives `plan` back but for revision and authors.
std::string plan_markdown(const std::string& title, const Plan& plan);

/// A heading without an id is a new step (empty id). Errors: invalid_argument with the line number.
Result<Plan> parse_plan_markdown(std::string_view text);

/// The ops that turn `from` into `to` (as parsed: new steps have no id, an unknown id is an error).
Result<Json> plan_difference(const Plan& from, const Plan& to);

}  // namespace lyceum::planner
