#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "planner/run_port.hpp"

namespace lyceum::test {

class FakeSubscription;
class FakeWatch;

/// A RunPort whose logs a test writes by hand. Thread-safe.
class FakeRunPort final : public planner::RunPort {
 public:
  /// A live reader that is further behind than this gets a gap.
  explicit FakeRunPort(std::size_t lag_max = 1000) : lag_max_(lag_max) {}

  // The test's side.
  void add_run(const std::string& run_id);
  std::uint64_t append(const std::string& run_id, const std::string& type, Json data = Json::object());
  void append_ephemeral(const std::string& run_id, const std::string& type, Json data);
  void finish(const std::string& run_id);
  std::vector<std::string> log(const std::string& run_id) const;

  std::size_t num_subscriptions() const { return num_subscriptions_; }

  // RunPort. Run "throws" throws, as a bug would.
  Task<Result<Json>> create(Json body, std::string author) override;
  Task<Result<Json>> get(std::string run_id) override;
  Task<Result<Json>> list(std::string before, std::size_t limit) override;
  Task<Result<void>> remove(std::string run_id) override;
  Task<Result<Json>> fork(std::string run_id, Json body, std::string author) override;
  Task<planner::CommandOutcome> command(std::string run_id, Json command, std::string author) override;
  Task<Result<std::vector<std::string>>> events(std::string run_id, std::uint64_t after,
                                                std::size_t limit) override;
  Task<Result<Json>> plan(std::string run_id, std::uint64_t rev) override;
  Task<Result<std::string>> plan_markdown(std::string run_id, std::uint64_t rev) override;
  Task<Result<Json>> files(std::string run_id) override;
  Task<Result<std::string>> file(std::string run_id, std::string path) override;
  Task<Result<std::string>> report(std::string run_id, std::string format) override;
  Task<Result<Json>> generation(std::string run_id, std::uint64_t seq) override;
  Task<Result<Json>> holds() override;
  Task<Result<std::unique_ptr<planner::Subscription>>> subscribe(std::string run_id,
                                                                 std::uint64_t after) override;
  std::unique_ptr<planner::Watch> watch() override;

 private:
  friend class FakeSubscription;
  friend class FakeWatch;

  struct Run {
    std::vector<std::string> events{};
    bool is_over = false;
  };

  std::uint64_t append_locked(const std::string& run_id, const std::string& type, Json data);
  Json summary_locked(const std::string& run_id) const;

  const std::size_t lag_max_;
  mutable std::mutex mutex_;
  std::map<std::string, Run> runs_;
  std::set<FakeSubscription*> subscriptions_;
  std::set<FakeWatch*> watches_;
  std::atomic<std::size_t> num_subscriptions_{0};
};

}  // namespace lyceum::test
