#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/async/signal.hpp"
#include "base/async/task_group.hpp"
#include "planner/plan/plan.hpp"
#include "planner/run/hub.hpp"
#include "planner/run/state.hpp"
#include "planner/service.hpp"

namespace lyceum::planner {

class StepRun;

/// What a run tells its owner. Called on the run's strand.
struct RunListener {
  std::function<void(const std::string& run_id, const std::string& summary)> summary_changed{};
  std::function<void(const std::string& run_id)> ended{};
};

/// One run under way: the single writer of its log. Everything happens on its strand, so state has no lock.
/// An event is decided and folded into the state in one go, then written; nobody is told of it (no ack, no
/// subscriber, no dispatch) before it is stored. When the store refuses, the run stands still and tries
/// again: nothing is dropped.
class Run : public std::enable_shared_from_this<Run> {
 public:
  Run(PlannerParts& parts, const PlannerOptions& options, RunListener listener, RunState state);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run();

  const net::any_io_executor& strand() const { return strand_; }

  // All below: on the strand.

  /// Logs `first` and goes to work until the run is over or stop() is called.
  void start(std::vector<Event> first);
  /// Returns when the events that start() logged are stored.
  Task<void> started();
  Task<CommandOutcome> command(Json command, std::string author);

  /// A copy of the state once it is stored (or now, while the store refuses).
  Task<RunState> snapshot();

  /// The RunSummary as stored, plus a hold that says so while the store refuses.
  Json summary() const;

  std::uint64_t stored_seq() const { return stored_seq_; }

  void subscribe(const std::shared_ptr<EventQueue>& queue) { hub_.add(queue); }

  /// Ends every attempt without a trace in the log: the next start goes on from there.
  Task<void> stop();

 private:
  friend class StepRun;
  friend class CommandHandler;
  friend class DeltaSink;

  // Logging.
  std::uint64_t log(std::vector<Event> events, memory::Durability durability);
  Task<void> stored(std::uint64_t seq);
  Task<void> write_log();
  Task<bool> append(memory::Append append);
  void publish_delta(const std::string& type, const std::string& step, std::uint32_t attempt, Json data);

  // Scheduling.
  Task<void> drive();
  void advance();
  void advance_executing();
  void reconcile();
  /// A hold that waits for a person's decision, with the run's expiry.
  Hold expiring(Hold hold) const;
  void expire_holds();
  Task<void> wait_for_change();
  std::vector<std::string> tools_of(const std::string& agent) const;
  void launch(const std::string& step, const std::string& agent);
  Task<void> run_attempt(std::shared_ptr<StepRun> attempt);
  Task<Result<Json>> run_agent(StepRun& attempt);
  std::vector<Event> outcome_of(const StepRun& attempt, Result<Json> result);
  // Plans that the lead agent draws (drafting.cpp).
  std::vector<Event> adopt_plan(const StepRun& attempt, Json result);
  std::vector<Event> adopt_other_plan(const StepRun& attempt, Result<Json> result);
  Event plan_event(const StepRun& attempt, const Plan& plan, Json ops, const std::string& reason) const;
  void add_plan_review(std::vector<Event>& events, std::uint64_t rev) const;
  void finish();
  bool is_over_budget(const char** which) const;
  void open_budget_hold(const char* which);
  Event system_event(std::string type, Json data) const;

  PlannerParts& parts_;
  const PlannerOptions& options_;
  RunListener listener_;
  net::any_io_executor strand_;
  RunState state_;
  std::uint64_t epoch_;
  std::uint64_t stored_seq_;
  Json stored_summary_;
  Signal changed_;            ///< State, stored_seq_ or stopping_ changed.
  bool has_work_ = true;      ///< advance() has not yet looked at the last change.
  bool is_stopping_ = false;  ///< No attempt goes on; the driver winds down.
  bool is_draining_ = false;  ///< stop() was called: what cannot be stored now is left to the next start.
  bool has_ended_ = false;
  std::string store_error_{};  ///< Why the store refuses, while it does.
  std::vector<Event> outbox_{};
  memory::Durability outbox_durability_ = memory::Durability::grouped;
  std::map<std::string, std::shared_ptr<StepRun>>
      attempts_{};  ///< By step. Shared with the attempt's own coroutine.
  Hub hub_;
  TaskGroup tasks_;
};

/// Tools and risk of the agent that a step names, for plan edits.
StepDefaults step_defaults(const agents::Registry& agents, const std::string& lead);

}  // namespace lyceum::planner
