#pragma once

#include <map>
#include <mutex>

#include "planner/run/hub.hpp"
#include "planner/run/run.hpp"
#include "planner/service.hpp"

namespace lyceum::planner {

/// All runs: the ones under way in a table, the others from their logs.
class PlannerService final : public Planner {
 public:
  PlannerService(PlannerParts parts, PlannerOptions options)
      : parts_(parts), options_(options), log_(parts_.store.event_log()), watchers_(parts_.readers) {}

  Task<Result<void>> recover() override;
  Task<void> drain() override;

  Task<Result<Json>> create(Json body, std::string author) override;
  Task<Result<Json>> get(std::string run_id) override;
  Task<Result<Json>> list(std::string before, std::size_t limit) override;
  Task<Result<void>> remove(std::string run_id) override;
  Task<Result<Json>> fork(std::string run_id, Json body, std::string author) override;
  Task<CommandOutcome> command(std::string run_id, Json command, std::string author) override;
  Task<Result<std::vector<std::string>>> events(std::string run_id, std::uint64_t after,
                                                std::size_t limit) override;
  Task<Result<Json>> plan(std::string run_id, std::uint64_t rev) override;
  Task<Result<std::string>> plan_markdown(std::string run_id, std::uint64_t rev) override;
  Task<Result<Json>> files(std::string run_id) override;
  Task<Result<std::string>> file(std::string run_id, std::string path) override;
  Task<Result<std::string>> report(std::string run_id, std::string format) override;
  Task<Result<Json>> generation(std::string run_id, std::uint64_t seq) override;
  Task<Result<Json>> holds() override;
  Task<Result<std::unique_ptr<Subscription>>> subscribe(std::string run_id, std::uint64_t after) override;

  std::unique_ptr<Watch> watch() override { return watchers_.add(); }

 private:
  using RunPtr =
      std::shared_ptr<Run>;  // Shared by the table, by calls under way and by the run's own driver.

  RunPtr find(const std::string& run_id);
  std::vector<RunPtr> active();
  Result<RunPtr> admit(RunState state);
  RunListener listener();
  Task<Json> live_summary(RunPtr run);
  Task<Result<RunState>> state_of(std::string run_id, std::uint64_t seq);
  Task<Result<Plan>> plan_at(std::string run_id, std::uint64_t rev, std::string* title);
  Task<Result<Json>> start_fork(RunState state, std::string parent, std::uint64_t at_seq, std::string title,
                                bool is_paused, std::string author);
  Event recovery_event(const RunState& state) const;

  template <class Work>
  auto blocking(Work work) {
    return run_blocking(parts_.pool, std::move(work));
  }

  PlannerParts parts_;
  PlannerOptions options_;
  memory::EventLog& log_;
  WatchHub watchers_;
  std::mutex mutex_;  ///< Guards what follows.
  std::map<std::string, RunPtr> runs_;
  bool is_draining_ = false;
};

}  // namespace lyceum::planner
