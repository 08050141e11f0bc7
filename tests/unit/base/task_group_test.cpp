#include "base/async/task_group.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/async/blocking_pool.hpp"

namespace lyceum {
namespace {

Task<void> wait_for(Signal& signal, int& woken) {
  co_await signal.wait();
  ++woken;
}

Task<void> join_then_set(TaskGroup& group, bool& joined) {
  co_await group.join();
  joined = true;
}

TEST(TaskGroup, JoinWaitsForEveryTask) {
  net::io_context io(1);
  Signal signal(io.get_executor());
  int woken = 0;
  bool joined = false;
  TaskGroup group(io.get_executor());
  group.spawn("first", wait_for(signal, woken));
  group.spawn("second", wait_for(signal, woken));
  net::co_spawn(io, join_then_set(group, joined), net::detached);

  io.poll();
  EXPECT_FALSE(joined);
  signal.notify_all();
  io.run();

  EXPECT_EQ(woken, 2);
  EXPECT_TRUE(joined);
}

Task<void> throws_when_cancelled(net::any_io_executor executor, bool& ended_whole) {
  net::steady_timer timer(executor, std::chrono::hours(1));
  co_await timer.async_wait(net::use_awaitable);
  ended_whole = true;
}

TEST(TaskGroup, CancelEndsTasksThatWait) {
  net::io_context io(1);
  bool ended_whole = false;
  TaskGroup group(io.get_executor());
  group.spawn("sleeper", throws_when_cancelled(io.get_executor(), ended_whole));
  io.poll();

  group.cancel();
  io.run();

  EXPECT_EQ(group.size(), 0U);
  EXPECT_FALSE(ended_whole);
}

Task<void> ask_pool(BlockingPool& pool, int& answer) {
  answer = co_await run_blocking(pool, [] { return 42; });
}

TEST(RunBlocking, ReturnsTheResultOnTheCallersExecutor) {
  net::io_context io(1);
  BlockingPool pool(1);
  int answer = 0;
  net::co_spawn(io, ask_pool(pool, answer), net::detached);

  io.run();

  EXPECT_EQ(answer, 42);
}

}  // namespace
}  // namespace lyceum
