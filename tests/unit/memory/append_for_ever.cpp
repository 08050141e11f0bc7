// Appends to a store until it is killed, and prints "<run> <head>" after every acknowledgement: the child of
// crash_test.
#include <cstdlib>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <unistd.h>

#include "base/check.hpp"
#include "base/metrics.hpp"
#include "memory/rocksdb/database.hpp"
#include "memory/rocksdb/event_log.hpp"
#include "tests/unit/memory/batch_event.hpp"

namespace lyceum::memory {
namespace {

constexpr int kNumRuns = 8;

Task<void> append_for_ever(EventLog& log, std::string run_id) {
  const auto stored = log.head_blocking(run_id);
  Seq head = stored ? stored->seq : 0;
  for (;;) {
    Append append;
    append.run_id = run_id;
    append.head = head;
    append.events = batch_events(head);
    append.durability = head % 3 == 0 ? Durability::synced : Durability::grouped;
    const auto appended = co_await log.append(std::move(append));
    LYCEUM_CHECK(appended.has_value());
    head = *appended;
    const std::string line = run_id + " " + std::to_string(head) + "\n";
    LYCEUM_CHECK(write(STDOUT_FILENO, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  }
}

int run(const std::string& directory) {
  Metrics metrics;
  auto database = Database::open({.directory = directory}, metrics);
  if (!database) return EXIT_FAILURE;
  const auto log = make_event_log(**database);
  net::io_context io(1);
  for (int i = 0; i < kNumRuns; ++i)
    net::co_spawn(io, append_for_ever(*log, "run-" + std::to_string(i)), net::detached);
  io.run();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lyceum::memory

int main(int argc, char** argv) {
  return argc == 2 ? lyceum::memory::run(argv[1]) : EXIT_FAILURE;
}
