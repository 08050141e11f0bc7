#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "memory/rocksdb/event_log.hpp"
#include "tests/unit/memory/store_support.hpp"

namespace lyceum::memory {

using Events = std::vector<std::string>;

/// An event log over a database of its own.
class EventLogTest : public DatabaseTest {
 protected:
  EventLogTest() { reopen_log(); }

  void reopen_log() {
    log.reset();
    reopen();
    log = make_event_log(*database);
  }

  Result<Seq> append(const std::string& run_id, Seq head, std::vector<std::string> events) {
    return run_task(log->append(append_of(run_id, head, std::move(events))));
  }

  /// Appends events "<run_id>/1".."<run_id>/n", one an append.
  void fill(const std::string& run_id, Seq n) {
    for (Seq seq = 0; seq < n; ++seq) {
      ASSERT_TRUE(append(run_id, seq, {run_id + "/" + std::to_string(seq + 1)}));
    }
  }

  void finish(const std::string& run_id, Seq head) {
    Append last = append_of(run_id, head, {"end"});
    last.is_terminal = true;
    ASSERT_TRUE(run_task(log->append(std::move(last))));
  }

  std::vector<std::string> read(const std::string& run_id, Seq after = 0, std::size_t limit = 1000) {
    auto events = log->read_blocking(run_id, after, limit);
    EXPECT_TRUE(events) << events.error().message;
    return events ? *std::move(events) : std::vector<std::string>();
  }

  std::unique_ptr<EventLog> log;
};

}  // namespace lyceum::memory
