// Writers and readers of the event log at the same time.
#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include "tests/unit/memory/event_log_fixture.hpp"

namespace lyceum::memory {
namespace {

using EventLogConcurrency = EventLogTest;

Task<Result<Seq>> append_many(EventLog& log, std::string run_id, Seq count) {
  Seq head = 0;
  while (head < count) {
    Append append = append_of(run_id, head, {run_id + "/" + std::to_string(head + 1)});
    append.durability = head % 8 == 0 ? Durability::synced : Durability::grouped;
    auto appended = co_await log.append(std::move(append));
    if (!appended) co_return appended;
    head = *appended;
  }
  co_return head;
}

TEST_F(EventLogConcurrency, ManyRunsAppendAtOnceWithoutDisturbingEachOther) {
  constexpr int kNumRuns = 16;
  constexpr Seq kNumEvents = 40;
  net::thread_pool threads(4);
  std::vector<std::future<Result<Seq>>> done;
  for (int i = 0; i < kNumRuns; ++i) {
    done.push_back(
        net::co_spawn(threads, append_many(*log, "run-" + std::to_string(i), kNumEvents), net::use_future));
  }
  for (auto& each : done) EXPECT_EQ(*each.get(), kNumEvents);
  threads.join();

  for (int i = 0; i < kNumRuns; ++i) {
    const std::string id = "run-" + std::to_string(i);
    const Events events = read(id);
    ASSERT_EQ(events.size(), kNumEvents);
    for (Seq seq = 1; seq <= kNumEvents; ++seq) EXPECT_EQ(events[seq - 1], id + "/" + std::to_string(seq));
  }
}

TEST_F(EventLogConcurrency, OfWritersWithTheSameHeadExactlyOneWins) {
  constexpr int kNumWriters = 8;
  constexpr Seq kNumRounds = 25;
  for (Seq round = 0; round < kNumRounds; ++round) {
    net::thread_pool threads(4);
    std::vector<std::future<Result<Seq>>> done;
    for (int i = 0; i < kNumWriters; ++i) {
      done.push_back(net::co_spawn(threads, log->append(append_of("run-1", round, {std::to_string(i)})),
                                   net::use_future));
    }
    int num_winners = 0;
    for (auto& each : done) {
      const auto result = each.get();
      num_winners += result ? 1 : 0;
      if (!result) EXPECT_EQ(result.error().code, Errc::conflict);
    }
    threads.join();
    ASSERT_EQ(num_winners, 1);
  }
  EXPECT_EQ(read("run-1").size(), kNumRounds);
}

TEST_F(EventLogConcurrency, AReaderBesideAWriterSeesEveryPrefixWithoutGaps) {
  net::thread_pool threads(1);
  auto writer = net::co_spawn(threads, append_many(*log, "run-1", 300), net::use_future);
  std::size_t num_seen = 0;
  while (num_seen < 300) {
    const auto events = log->read_blocking("run-1", 0, 1000);
    if (!events) {
      ASSERT_EQ(events.error().code, Errc::not_found);
      continue;
    }
    ASSERT_GE(events->size(), num_seen);
    num_seen = events->size();
    for (std::size_t i = 0; i < num_seen; ++i) ASSERT_EQ((*events)[i], "run-1/" + std::to_string(i + 1));
  }
  EXPECT_TRUE(writer.get());
  threads.join();
}

}  // namespace
}  // namespace lyceum::memory
