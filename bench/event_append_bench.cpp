// Event appends a second and their latency, for 1 to 512 runs that append at once, beside what the disk
// bears: the same bytes written to a plain file, with one fdatasync for as many of them as append at once.
// Usage: event_append_bench [directory] [seconds a row]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "memory/rocksdb/database.hpp"
#include "memory/rocksdb/event_log.hpp"

namespace lyceum::memory {
namespace {

constexpr std::size_t kEventBytes = 300;
constexpr std::size_t kSummaryBytes = 400;

using Seconds = std::chrono::duration<double>;

struct Row {
  double appends_per_s = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

Task<void> append_until(EventLog& log, std::string run_id, MonotonicClock::time_point end,
                        Durability durability, std::vector<double>& latencies_ms) {
  Seq head = 0;
  while (MonotonicClock::now() < end) {
    Append append;
    append.run_id = run_id;
    append.head = head;
    append.events.emplace_back(kEventBytes, 'e');
    append.summary = std::string(kSummaryBytes, 's');
    append.durability = durability;
    const auto begin = MonotonicClock::now();
    const auto appended = co_await log.append(std::move(append));
    if (!appended) {
      (void)std::fprintf(stderr, "append failed: %s\n", appended.error().message.c_str());
      std::exit(EXIT_FAILURE);
    }
    head = *appended;
    latencies_ms.push_back(1e3 * Seconds(MonotonicClock::now() - begin).count());
  }
}

double quantile(const std::vector<double>& sorted, double q) {
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(q * static_cast<double>(sorted.size())))];
}

Row measure(EventLog& log, const std::string& name, int num_waiting, Durability durability, Seconds seconds) {
  net::io_context io(1);
  std::vector<double> latencies_ms;
  const auto begin = MonotonicClock::now();
  const auto end = begin + std::chrono::duration_cast<MonotonicClock::duration>(seconds);
  for (int i = 0; i < num_waiting; ++i) {
    net::co_spawn(io, append_until(log, name + "-" + std::to_string(i), end, durability, latencies_ms),
                  net::detached);
  }
  io.run();
  const double elapsed_s = Seconds(MonotonicClock::now() - begin).count();
  std::sort(latencies_ms.begin(), latencies_ms.end());
  return {static_cast<double>(latencies_ms.size()) / elapsed_s, quantile(latencies_ms, 0.5),
          quantile(latencies_ms, 0.99)};
}

/// Appends a second that a file with one fdatasync for `num_waiting` appends' bytes would allow.
double raw_limit(const std::string& path, int num_waiting, Seconds seconds) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string bytes(static_cast<std::size_t>(num_waiting) * (kEventBytes + kSummaryBytes), 'r');
  std::size_t num_syncs = 0;
  const auto begin = MonotonicClock::now();
  while (MonotonicClock::now() - begin < seconds) {
    if (write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
        fdatasync(file) != 0) {
      std::perror(path.c_str());
      std::exit(EXIT_FAILURE);
    }
    ++num_syncs;
  }
  const double elapsed_s = Seconds(MonotonicClock::now() - begin).count();
  close(file);
  std::filesystem::remove(path);
  return static_cast<double>(num_syncs) * num_waiting / elapsed_s;
}

int run(const std::string& directory, Seconds seconds) {
  Metrics metrics;
  auto database = Database::open({.directory = directory + "/store"}, metrics);
  if (!database) {
    (void)std::fprintf(stderr, "%s\n", database.error().message.c_str());
    return EXIT_FAILURE;
  }
  const auto log = make_event_log(**database);
  std::printf("%-8s %8s %12s %9s %9s %14s\n", "append", "at once", "appends/s", "p50 ms", "p99 ms",
              "disk limit/s");
  for (const Durability durability : {Durability::synced, Durability::grouped}) {
    const char* const name = durability == Durability::synced ? "synced" : "grouped";
    for (const int num_waiting : {1, 8, 64, 512}) {
      const double limit = raw_limit(directory + "/raw", num_waiting, seconds);
      const Row row =
          measure(*log, std::string(name) + std::to_string(num_waiting), num_waiting, durability, seconds);
      std::printf("%-8s %8d %12.0f %9.3f %9.3f %14.0f\n", name, num_waiting, row.appends_per_s, row.p50_ms,
                  row.p99_ms, limit);
    }
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lyceum::memory

int main(int argc, char** argv) {
  const std::filesystem::path base = argc > 1 ? argv[1] : std::filesystem::temp_directory_path();
  std::string directory = (base / "event_append_XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) {
    std::perror(directory.c_str());
    return EXIT_FAILURE;
  }
  const int code =
      lyceum::memory::run(directory, lyceum::memory::Seconds(argc > 2 ? std::strtod(argv[2], nullptr) : 2.0));
  std::filesystem::remove_all(directory);
  return code;
}
