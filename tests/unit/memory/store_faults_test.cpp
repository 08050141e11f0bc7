#include "memory/rocksdb/event_log.hpp"
#include "tests/unit/memory/faulty_file_system.hpp"
#include "tests/unit/memory/store_support.hpp"

namespace lyceum::memory {
namespace {

constexpr Seq kNumEvents = 12;
/// While the disk stays full: how many appends are refused before there is room again.
constexpr int kNumRefused = 3;
constexpr int kMaxTries = 20;
constexpr int kForEver = 1'000'000;

/// Six appends of two events each, three of them synced, onto a file system whose n-th write fails.
class StoreFaults : public testing::Test {
 protected:
  struct Opened {
    Opened(const std::string& path, std::shared_ptr<rocksdb::FileSystem> file_system) {
      auto opened = Database::open({.directory = path, .file_system = std::move(file_system)}, metrics);
      if (!opened) ADD_FAILURE() << opened.error().message;
      database = *std::move(opened);
      log = make_event_log(*database);
    }

    Metrics metrics;
    std::unique_ptr<Database> database;
    std::unique_ptr<EventLog> log;
  };

  static Result<Seq> append(EventLog& log, Seq head) {
    Append append = append_of("run-1", head, {std::to_string(head + 1), std::to_string(head + 2)});
    append.durability = head % 4 == 0 ? Durability::synced : Durability::grouped;
    return run_task(log.append(std::move(append)));
  }

  static void expect_exactly(const EventLog& log, Seq head) {
    const auto events = log.read_blocking("run-1", 0, 1000);
    if (head == 0) {
      ASSERT_FALSE(events);
      EXPECT_EQ(events.error().code, Errc::not_found);
      return;
    }
    ASSERT_TRUE(events) << events.error().message;
    ASSERT_EQ(events->size(), head);
    for (Seq seq = 1; seq <= head; ++seq) EXPECT_EQ((*events)[seq - 1], std::to_string(seq));
  }

  /// Appends everything, trying again what fails; there is room again after kNumRefused failures.
  void append_all(EventLog& log) {
    int num_refused = 0;
    for (Seq head = 0; head < kNumEvents;) {
      const auto appended = append(log, head);
      if (appended) {
        head = *appended;
        continue;
      }
      ASSERT_EQ(appended.error().code, Errc::io) << appended.error().message;
      ASSERT_LT(++num_refused, kMaxTries) << "the store did not come back: " << appended.error().message;
      expect_exactly(log, head);
      if (num_refused == kNumRefused) faults->disarm();
    }
  }

  /// Fills the disk for `num_writes` writes from the n-th on; true if a write met it.
  bool survives_full_disk(int n, int num_writes) {
    const std::string path = directory.path(std::to_string(n) + "-" + std::to_string(num_writes));
    {
      Opened store(path, faults);
      faults->arm(n, num_writes, true);
      append_all(*store.log);
      faults->disarm();
      expect_exactly(*store.log, kNumEvents);
    }
    Opened again(path, nullptr);
    expect_exactly(*again.log, kNumEvents);
    EXPECT_EQ(*append(*again.log, kNumEvents), kNumEvents + 2);
    return faults->has_fired();
  }

  /// Lets the n-th write fail as a broken disk does; true if a write met it.
  bool survives_broken_disk(int n) {
    const std::string path = directory.path(std::to_string(n));
    Seq head = 0;
    {
      Opened store(path, faults);
      faults->arm(n, 1, false);
      while (head < kNumEvents) {
        const auto appended = append(*store.log, head);
        if (!appended) break;
        head = *appended;
      }
      faults->disarm();
      if (faults->has_fired()) {
        EXPECT_EQ(append(*store.log, head).error().code, Errc::io);
      }
      expect_exactly(*store.log, head);
    }
    Opened again(path, nullptr);
    // What was refused may have reached the disk whole before its fsync failed.
    const auto found = again.log->head_blocking("run-1");
    const Seq kept = found ? found->seq : 0;
    EXPECT_TRUE(kept == head || kept == head + 2) << kept << " of " << head;
    expect_exactly(*again.log, kept);
    EXPECT_EQ(*append(*again.log, kept), kept + 2);
    return faults->has_fired();
  }

  TemporaryFolder directory;
  std::shared_ptr<FaultyFileSystem> faults = std::make_shared<FaultyFileSystem>();
};

TEST_F(StoreFaults, AMomentOfFullDiskLosesNothingWhateverWriteItHits) {
  // The longer ones hit every step of the recovery too.
  for (const int num_writes : {1, 4}) {
    int n = 0;
    while (survives_full_disk(n, num_writes) && !HasFailure()) ++n;
    EXPECT_GE(n, 9) << "writes that could fail";
  }
}

TEST_F(StoreFaults, ALastingFullDiskIsRefusedWithIoAndGoesOnWhenThereIsRoom) {
  int n = 0;
  while (survives_full_disk(n, kForEver) && !HasFailure()) ++n;
  EXPECT_GE(n, 9) << "writes that could fail";
}

TEST_F(StoreFaults, ABrokenDiskStopsWritesUntilReopenedAndLosesNothingAcknowledged) {
  int n = 0;
  while (survives_broken_disk(n) && !HasFailure()) ++n;
  EXPECT_GE(n, 9) << "writes that could fail";
}

}  // namespace
}  // namespace lyceum::memory
