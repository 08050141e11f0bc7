#include "web/server/outbox.hpp"

#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace lyceum::web {
namespace {

constexpr auto kNever = std::chrono::steady_clock::time_point::max();

Task<void> push_all(Outbox& outbox, std::vector<std::string> frames, std::vector<bool>& results) {
  for (auto& frame : frames) results.push_back(co_await outbox.push(std::move(frame)));
}

Task<void> take_all(Outbox& outbox, std::vector<std::string>& taken) {
  for (;;) {
    auto next = co_await outbox.take(kNever);
    if (!next.frame) co_return;
    taken.push_back(*std::move(next.frame));
  }
}

class OutboxTest : public testing::Test {
 protected:
  net::io_context io{1};
  Outbox outbox{io.get_executor()};
  const std::string big = std::string(Outbox::kMaxBytes / 2, 'x');  // Two of them fill it.
  std::vector<bool> pushed;
  std::vector<std::string> taken;
};

TEST_F(OutboxTest, AFullOutboxHoldsItsSourceBackAndKeepsTheOrder) {
  net::co_spawn(io, push_all(outbox, {big + "1", big + "2", "3", "4"}, pushed), net::detached);
  io.poll();
  EXPECT_EQ(pushed.size(), 2U);

  net::co_spawn(io, take_all(outbox, taken), net::detached);
  io.poll();
  EXPECT_EQ(taken, (std::vector<std::string>{big + "1", big + "2", "3", "4"}));

  outbox.finish("last");
  io.run();
  EXPECT_EQ(taken.back(), "last");
}

TEST_F(OutboxTest, TheNumberOfFramesIsBoundedToo) {
  net::co_spawn(io, push_all(outbox, std::vector<std::string>(100, "x"), pushed), net::detached);
  io.poll();

  EXPECT_EQ(pushed.size(), Outbox::kMaxFrames);
  outbox.abandon();
  io.run();
}

TEST_F(OutboxTest, FinishLetsTheQueueOutAndRefusesWaitingSources) {
  net::co_spawn(io, push_all(outbox, {big, big, "3"}, pushed), net::detached);
  io.poll();

  outbox.finish("last");
  net::co_spawn(io, take_all(outbox, taken), net::detached);
  io.run();

  EXPECT_EQ(taken, (std::vector<std::string>{big, big, "last"}));
  EXPECT_EQ(pushed, (std::vector<bool>{true, true, false}));
}

TEST_F(OutboxTest, AbandonDropsTheQueue) {
  net::co_spawn(io, push_all(outbox, {"1", "2"}, pushed), net::detached);
  io.poll();

  outbox.abandon();
  net::co_spawn(io, take_all(outbox, taken), net::detached);
  io.run();

  EXPECT_TRUE(taken.empty());
}

TEST_F(OutboxTest, AnEmptyOutboxSaysWhenTheDeadlineHasPassed) {
  Outbox::Taken result;
  net::co_spawn(io, outbox.take(std::chrono::steady_clock::now()),
                [&result](const std::exception_ptr&, Outbox::Taken value) { result = std::move(value); });
  io.run();

  EXPECT_FALSE(result.frame);
  EXPECT_FALSE(result.is_over);
}

}  // namespace
}  // namespace lyceum::web
