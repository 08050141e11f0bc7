// What readers of a run see.
#include "tests/unit/planner/run_harness.hpp"

namespace lyceum::planner {
namespace {

class Subscriptions : public RunHarness {
 protected:
  /// Everything that a reader gets until the end, deltas left out.
  std::vector<std::uint64_t> read_all(const std::string& run_id, std::uint64_t after) {
    const auto subscription = *run(planner->subscribe(run_id, after));
    std::vector<std::uint64_t> seqs;
    for (;;) {
      const auto delivery = run(subscription->next());
      EXPECT_TRUE(delivery);
      if (!delivery || delivery->kind == Delivery::Kind::end) return seqs;
      if (delivery->kind == Delivery::Kind::event && !delivery->is_ephemeral) seqs.push_back(delivery->seq);
    }
  }
};

TEST_F(Subscriptions, AnyCursorGivesTheRestOnceAndInOrder) {
  const std::string run_id = submit();
  wait_end(run_id);
  const std::uint64_t head = events(run_id).size();

  for (std::uint64_t after = 0; after <= head; ++after) {
    const auto seqs = read_all(run_id, after);
    ASSERT_EQ(seqs.size(), head - after);
    for (std::size_t i = 0; i < seqs.size(); ++i) EXPECT_EQ(seqs[i], after + i + 1);
  }
}

TEST_F(Subscriptions, HistoryThenLiveHasNoGapAndNoDuplicate) {
  look->hangs = true;
  const std::string run_id = submit();
  run_until([&] { return look->calls.size() == 1; });
  look->hangs = false;
  const auto subscription = *run(planner->subscribe(run_id, 0));
  std::vector<std::uint64_t> seqs;
  bool was_live = false;
  for (;;) {
    const auto delivery = run(subscription->next());
    ASSERT_TRUE(delivery);
    if (delivery->kind == Delivery::Kind::live) {
      was_live = true;
      accepted(run_id, {{"type", "step.retry"}, {"step", "s1"}});
    }
    if (delivery->kind == Delivery::Kind::end) break;
    if (delivery->kind == Delivery::Kind::event && !delivery->is_ephemeral) seqs.push_back(delivery->seq);
  }

  EXPECT_TRUE(was_live);
  ASSERT_EQ(seqs.size(), events(run_id).size());
  for (std::size_t i = 0; i < seqs.size(); ++i) EXPECT_EQ(seqs[i], i + 1);
}

TEST_F(Subscriptions, CloseEndsAWaitingReader) {
  look->hangs = true;
  const std::string run_id = submit();
  run_until([&] { return look->calls.size() == 1; });
  const auto subscription = *run(planner->subscribe(run_id, 0));
  while (run(subscription->next())->kind != Delivery::Kind::live) {
  }

  std::optional<Result<Delivery>> last;
  net::co_spawn(*io, subscription->next(),
                [&](const std::exception_ptr&, Result<Delivery> delivery) { last = std::move(delivery); });
  subscription->close();
  run_until([&] { return last.has_value(); });

  EXPECT_EQ(last->error().code, Errc::cancelled);
}

TEST_F(Subscriptions, WatchersSeeARunEnd) {
  const auto watch = planner->watch();
  const std::string run_id = submit();
  for (;;) {
    const auto summary_text = run(watch->next());
    ASSERT_TRUE(summary_text);
    const Json seen = *parse_json(*summary_text);
    EXPECT_EQ(seen["run"], run_id);
    if (seen["phase"] == "terminal") break;
  }
}

}  // namespace
}  // namespace lyceum::planner
