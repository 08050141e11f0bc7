#include <cstdio>
#include <map>
#include <random>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory/rocksdb/event_log.hpp"
#include "tests/unit/memory/batch_event.hpp"
#include "tests/unit/memory/store_support.hpp"

extern char** environ;

namespace lyceum::memory {
namespace {

using Heads = std::map<std::string, Seq>;

/// A child that appends to the store in `directory` and reports each acknowledgement.
class Appender {
 public:
  explicit Appender(const std::string& directory) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string program = LYCEUM_APPEND_FOR_EVER;
    std::string argument = directory;
    std::array<char*, 3> arguments{program.data(), argument.data(), nullptr};
    const int failed = posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    acknowledgements_ = fdopen(ends[0], "r");
    if (failed != 0) throw std::system_error(failed, std::generic_category(), program);
  }

  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  ~Appender() { (void)fclose(acknowledgements_); }

  /// Notes the next acknowledgement; false when the child's output has ended.
  bool read_one(Heads& heads) {
    std::array<char, 64> run_id{};
    unsigned long long head = 0;
    if (fscanf(acknowledgements_, "%63s %llu", run_id.data(), &head) != 2) return false;
    heads[run_id.data()] = head;
    return true;
  }

  /// SIGKILL, then everything that was acknowledged before it.
  void kill_hard(Heads& heads) {
    kill(pid_, SIGKILL);
    while (read_one(heads)) {
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
  }

 private:
  pid_t pid_ = 0;
  FILE* acknowledgements_ = nullptr;
};

void expect_whole_batches(const std::string& run_id, const std::vector<std::string>& events) {
  for (std::size_t begin = 0; begin < events.size();) {
    for (const std::string& expected : batch_events(begin)) {
      ASSERT_LT(begin, events.size()) << run_id << ": half an append is stored";
      ASSERT_EQ(events[begin], expected) << run_id;
      ++begin;
    }
  }
}

/// Goal: kill -9 at any moment loses nothing acknowledged, leaves no gap and no half append.
/// Method: a child appends to eight runs and reports every acknowledgement; it is killed after a seeded
/// random number of them, at whatever it is doing then; each next child goes on where the store ends.
TEST(StoreCrash, KillingTheProcessLosesNothingAcknowledged) {
  constexpr int kNumKills = 25;
  constexpr unsigned kSeed = 20;
  std::mt19937 random(kSeed);
  TemporaryFolder directory;
  Metrics metrics;
  Heads acknowledged;
  for (int round = 0; round < kNumKills; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", kill " + std::to_string(round));
    {
      Appender appender(directory.path());
      const unsigned num_acknowledgements = 1 + random() % 300;
      for (unsigned i = 0; i < num_acknowledgements; ++i) ASSERT_TRUE(appender.read_one(acknowledged));
      appender.kill_hard(acknowledged);
    }

    auto database = Database::open({.directory = directory.path()}, metrics);
    ASSERT_TRUE(database) << database.error().message;
    const auto log = make_event_log(**database);
    for (const auto& [run_id, head] : acknowledged) {
      const auto events = log->read_blocking(run_id, 0, 1'000'000);
      ASSERT_TRUE(events) << events.error().message;
      EXPECT_GE(events->size(), head) << run_id << " lost acknowledged events";
      EXPECT_EQ(events->size(), log->head_blocking(run_id)->seq);
      expect_whole_batches(run_id, *events);
    }
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace lyceum::memory
