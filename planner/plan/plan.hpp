#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lyceum::planner {

inline constexpr std::size_t kMaxSteps = 64;
inline constexpr std::size_t kMaxTitleBytes = 300;
inline constexpr std::size_t kMaxGoalBytes = 4000;
inline constexpr std::size_t kMaxOps = 64;

/// One node of the plan. What happens to it (running, done, …) is not part of it: that is folded from step.*
/// events.
struct PlanStep {
  std::string id{};  ///< "s1", "s2", …; never used twice in a run.
  std::string title{};
  std::string goal{};
  std::string agent{};
  std::vector<std::string> inputs{};  ///< Ids of steps above, or "*" for all steps above.
  std::vector<std::string> tools{};   ///< What the step may call; nothing else.
  std::string done_when{};
  std::string risk = "low";
  std::string author{};  ///< Who wrote or last changed it.

  friend bool operator==(const PlanStep&, const PlanStep&) = default;
};

/// The plan document: an ordered list of steps that is also a graph by `inputs`. Revision 0 is "no plan yet".
struct Plan {
  std::uint64_t rev = 0;
  std::vector<PlanStep> steps{};

  const PlanStep* find(const std::string& id) const;
  /// The ids that `step` waits for, "*" resolved.
  std::vector<std::string> inputs_of(const PlanStep& step) const;
};

Json to_json(const PlanStep& step);
Json to_json(const Plan& plan);
/// Reads what a log event holds; trusts it.
Plan plan_from_json(const Json& json);

/// Step ids that are not in `plan` any more may come back only through the log, so new ids continue from
/// `next_id`.
struct PlanEdit {
  Plan plan{};
  std::uint64_t next_id = 1;
};

/// Defaults for a step that does not name them.
struct StepDefaults {
  std::string agent{};
  /// Tools and risk for an agent name; invalid_argument for an unknown one.
  Result<std::pair<std::vector<std::string>, std::string>> (*of_agent)(const void* context,
                                                                       const std::string& agent) = nullptr;
  const void* context = nullptr;
};

/// Applies plan ops (docs/api.md) in order and raises the revision by one. Pure.
/// Errors: invalid_argument, naming the op and the field; not_found for a step id.
Result<PlanEdit> apply_ops(PlanEdit edit, const Json& ops, const std::string& author,
                           const StepDefaults& defaults);

/// inputs name steps above (so the graph has no cycle), ids are unique, limits hold.
Result<void> validate(const Plan& plan);

}  // namespace lyceum::planner
