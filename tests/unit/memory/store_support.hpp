#pragma once

#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/async/task.hpp"
#include "base/metrics.hpp"
#include "memory/event_log.hpp"
#include "memory/rocksdb/database.hpp"

namespace lyceum::memory {

/// A directory of the test's own, removed with it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();

  std::string path() const { return path_.string(); }

  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Runs one task to its end on an io_context of its own.
template <class T>
T run(Task<T> task) {
  net::io_context io(1);
  std::optional<T> result;
  net::co_spawn(io, std::move(task), [&result](const std::exception_ptr& failed, T value) {
    if (failed) std::rethrow_exception(failed);
    result = std::move(value);
  });
  io.run();
  return *std::move(result);
}

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
    auto opened = Database::open({.directory = directory.file("store")}, metrics);
    ASSERT_TRUE(opened) << opened.error().message;
    database = *std::move(opened);
  }

  TemporaryDirectory directory;
  Metrics metrics;
  std::unique_ptr<Database> database;
};

}  // namespace lyceum::memory
