#pragma once

#include <string>
#include <utility>
#include <vector>

#include "memory/store.hpp"

namespace lyceum::planner {

/// An event log whose appends are refused while `is_full`.
class FlakyEventLog final : public memory::EventLog {
 public:
  explicit FlakyEventLog(memory::EventLog& log) : log_(log) {}

  Task<Result<memory::Seq>> append(memory::Append append) override {
    if (is_full) co_return Error{Errc::io, "no space left on the disk"};
    co_return co_await log_.append(std::move(append));
  }

  Result<void> fork_blocking(const std::string& parent, memory::Seq parent_seq, const std::string& run_id,
                             const std::string& summary) override {
    return log_.fork_blocking(parent, parent_seq, run_id, summary);
  }

  Result<std::vector<std::string>> read_blocking(const std::string& run_id, memory::Seq after,
                                                 std::size_t limit) const override {
    return log_.read_blocking(run_id, after, limit);
  }

  Result<memory::RunHead> head_blocking(const std::string& run_id) const override {
    return log_.head_blocking(run_id);
  }

  Result<std::vector<memory::RunHead>> heads_blocking(const std::string& before,
                                                      std::size_t limit) const override {
    return log_.heads_blocking(before, limit);
  }

  Result<std::vector<memory::RunHead>> unfinished_blocking() const override {
    return log_.unfinished_blocking();
  }

  Result<void> remove_blocking(const std::string& run_id) override { return log_.remove_blocking(run_id); }

  bool is_full = false;

 private:
  memory::EventLog& log_;
};

/// A real store behind a flaky log.
class FlakyStore final : public memory::Store {
 public:
  explicit FlakyStore(std::unique_ptr<memory::Store> store)
      : store_(std::move(store)), flaky_log(store_->event_log()) {}

  memory::EventLog& event_log() override { return flaky_log; }

  memory::Blobs& blobs() override { return store_->blobs(); }

  memory::Documents& documents() override { return store_->documents(); }

  memory::Search& search() override { return store_->search(); }

  memory::Notes& notes() override { return store_->notes(); }

 private:
  std::unique_ptr<memory::Store> store_;

 public:
  FlakyEventLog flaky_log;
};

}  // namespace lyceum::planner
