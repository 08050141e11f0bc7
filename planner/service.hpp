#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "agents/registry.hpp"
#include "base/async/blocking_pool.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "memory/store.hpp"
#include "model/language_model.hpp"
#include "planner/run_port.hpp"
#include "tools/registry.hpp"

namespace lyceum::planner {

struct PlannerOptions {
  std::size_t runs_max = 256;            ///< Runs under way at once; more are refused as overloaded.
  std::size_t parallel_steps_max = 4;    ///< Of one run.
  std::uint32_t attempts_max = 3;        ///< Of one step, before it fails.
  std::uint32_t stall_actions_max = 12;  ///< Actions without a change of state before the loop ladder starts.
  /// For runs that do not say: how long an approval or a question waits (0: for ever), and what then.
  std::chrono::milliseconds hold_expires_after{0};
  std::string hold_on_expiry = "deny";  ///< keep, deny or cancel_step.
};

/// What the planner is built on; everything must outlive it.
struct PlannerParts {
  memory::Store& store;
  model::LanguageModel& model;
  tools::Registry& tools;
  agents::Registry& agents;
  const Clock& clock;
  IdGenerator& ids;
  Metrics& metrics;
  BlockingPool& pool;
  net::any_io_executor executor;  ///< Runs live on strands of it.
  /// Subscriptions and watches deliver on strands of it; apart from the runs', so that a reader does not wait
  /// for the work of all of them.
  net::any_io_executor readers;
};

/// The run machine of all runs: RunPort plus its life cycle.
class Planner : public RunPort {
 public:
  /// Takes up every run that is not over where its log ends. Call once, before anything else.
  virtual Task<Result<void>> recover() = 0;

  /// Refuses new work, stops every run at its next action (they go on after the next start), waits for them.
  virtual Task<void> drain() = 0;
};

std::unique_ptr<Planner> make_planner(PlannerParts parts, PlannerOptions options);

}  // namespace lyceum::planner
