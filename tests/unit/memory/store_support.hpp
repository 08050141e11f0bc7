#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "memory/event_log.hpp"
#include "memory/rocksdb/database.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lyceum::memory {

using test::run_task;
using test::TemporaryFolder;

inline Append append_of(std::string run_id, Seq head, std::vector<std::string> events) {
  Append append;
  append.run_id = std::move(run_id);
  append.head = head;
  append.events = std::move(events);
  append.summary = "{}";
  return append;
}

/// A database in a temporary directory, which a test may close and open again.
class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() { reopen(); }

  void reopen() {
    database.reset();
    auto opened = Database::open({.directory = directory.path("store")}, metrics);
    ASSERT_TRUE(opened) << opened.error().message;
    database = *std::move(opened);
  }

  TemporaryFolder directory;
  Metrics metrics;
  std::unique_ptr<Database> database;
};

}  // namespace lyceum::memory
