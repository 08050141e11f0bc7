#include "kernels/worker_pool.hpp"

#include <atomic>
#include <vector>

#include <gtest/gtest.h>

namespace lyceum::kernels {
namespace {

TEST(WorkerPool, DoesEveryItemOnceInManyRuns) {
  for (const std::size_t num_threads : {1U, 2U, 5U}) {
    WorkerPool pool(num_threads);
    EXPECT_EQ(pool.num_threads(), num_threads);
    for (std::size_t run = 0; run < 200; ++run) {
      std::vector<std::atomic<int>> done(run % 23);
      pool.run(done.size(), [&](std::size_t item, std::size_t) { ++done[item]; });
      for (const auto& times : done) ASSERT_EQ(times, 1);
    }
  }
}

TEST(WorkerPool, GivesNoTwoCallsAtATimeTheSameThread) {
  WorkerPool pool(4);
  std::vector<std::atomic<int>> inside(4);
  std::atomic<bool> is_shared = false;
  pool.run(500, [&](std::size_t, std::size_t thread) {
    if (++inside[thread] != 1) is_shared = true;
    --inside[thread];
  });
  EXPECT_FALSE(is_shared);
}

// Goal: the threads do share. Method: two items that end only when both have begun.
TEST(WorkerPool, RunsItemsAtTheSameTime) {
  WorkerPool pool(2);
  std::atomic<int> begun = 0;
  pool.run(2, [&](std::size_t, std::size_t) {
    ++begun;
    for (int now = begun; now < 2; now = begun) begun.wait(now);
    begun.notify_all();
  });
  EXPECT_EQ(begun, 2);
}

}  // namespace
}  // namespace lyceum::kernels
