// What happens to a hold that nobody decides. Time is the test's: the clock moves when the test says, and a
// timer of a few milliseconds only makes the run look at it.
#include "tests/unit/planner/run_harness.hpp"

namespace lyceum::planner {
namespace {

using namespace std::chrono_literals;

class HoldExpiryOfRuns : public RunHarness {
 protected:
  HoldExpiryOfRuns() {
    find = [this](agents::StepContext& context) -> Task<Result<Json>> {
      const Json args = {{"url", "http://example.org"}};
      const auto fetched = co_await context.act("fetch", args);
      said = fetched ? "fetched" : fetched.error().message;
      co_return Json{{"text", said}};
    };
  }

  void use_default_expiry(std::chrono::milliseconds after, const std::string& then) {
    options.hold_expires_after = after;
    options.hold_on_expiry = then;
    restart();
  }

  std::string said;
};

TEST_F(HoldExpiryOfRuns, WithoutAnExpiryAHoldWaitsForEver) {
  const std::string run_id = submit();
  const Json hold = wait_hold(run_id, "approval");

  clock.advance(24h * 365);
  accepted(run_id, {{"type", "note.inject"}, {"text", "still here"}});

  EXPECT_TRUE(hold["expires_ms"].is_null());
  EXPECT_EQ(hold["on_expiry"], "keep");
  EXPECT_EQ(summary(run_id)["holds"].size(), 1U);
}

TEST_F(HoldExpiryOfRuns, AnApprovalThatNobodyGivesIsDeniedInTime) {
  use_default_expiry(5ms, "deny");
  const std::string run_id = submit();
  const Json hold = wait_hold(run_id, "approval");
  EXPECT_EQ(hold["expires_ms"], hold["opened_ms"].get<std::int64_t>() + 5);
  EXPECT_EQ(summary(run_id)["holds"].size(), 1U) << "closed before its time";

  clock.advance(5ms);
  wait_end(run_id);

  EXPECT_EQ(said, "nobody approved fetch in time");
  EXPECT_TRUE(fetch->calls.empty());
  const auto closed = events_of(run_id, "hold.closed");
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0]["data"]["decision"], "expired");
  EXPECT_EQ(closed[0]["data"]["by"], "system");
  EXPECT_EQ(status(run_id), "completed");
}

TEST_F(HoldExpiryOfRuns, TheRequestOverridesTheDefault) {
  use_default_expiry(5ms, "deny");
  const std::string run_id = submit({{"hold_expiry", {{"after_s", 3600}, {"then", "cancel_step"}}}});
  const Json hold = wait_hold(run_id, "approval");
  EXPECT_EQ(hold["expires_ms"], hold["opened_ms"].get<std::int64_t>() + 3'600'000);
  EXPECT_EQ(hold["on_expiry"], "cancel_step");

  clock.advance(1h);
  accepted(run_id, {{"type", "note.inject"}, {"text", "anything that wakes the run"}});
  wait_end(run_id);

  const Json finished = events_of(run_id, "step.finished")[1];
  EXPECT_EQ(finished["step"], "s1");
  EXPECT_EQ(finished["data"]["status"], "cancelled");
  EXPECT_EQ(finished["data"]["error"], "nobody decided in time: May this step use fetch?");
  EXPECT_TRUE(fetch->calls.empty());
}

TEST_F(HoldExpiryOfRuns, KeepLeavesTheHoldOpenPastItsTime) {
  const std::string run_id = submit({{"hold_expiry", {{"after_s", 1}, {"then", "keep"}}}});
  const Json hold = wait_hold(run_id, "approval");

  clock.advance(1h);
  accepted(run_id, {{"type", "note.inject"}, {"text", "anything that wakes the run"}});
  EXPECT_EQ(summary(run_id)["holds"][0]["hold"], hold["hold"]);

  accepted(run_id, {{"type", "hold.resolve"}, {"hold", hold["hold"]}, {"decision", "approve"}});
  wait_end(run_id);
  EXPECT_EQ(said, "fetched");
}

TEST_F(HoldExpiryOfRuns, AnExpiryThatPassedWhileTheServiceWasDownFiresAtRecovery) {
  const std::string run_id = submit({{"hold_expiry", {{"after_s", 3600}}}});
  wait_hold(run_id, "approval");

  clock.advance(2h);
  restart();
  wait_end(run_id);

  EXPECT_EQ(said, "nobody approved fetch in time");
  EXPECT_TRUE(fetch->calls.empty());
}

TEST_F(HoldExpiryOfRuns, AQuestionThatNobodyAnswersHasNoAnswer) {
  std::optional<std::string> answered;
  find = [&](agents::StepContext& context) -> Task<Result<Json>> {
    CO_TRY(answered, co_await context.ask_person("Which one?", Json::object()));
    co_return Json{{"text", "asked"}};
  };
  use_default_expiry(5ms, "deny");
  const std::string run_id = submit();
  wait_hold(run_id, "question");

  clock.advance(5ms);
  wait_end(run_id);

  EXPECT_EQ(answered, "");
}

TEST_F(HoldExpiryOfRuns, AForkHasTheTimeThatWasLeft) {
  const std::string run_id = submit({{"hold_expiry", {{"after_s", 60}}}});
  const Json hold = wait_hold(run_id, "approval");
  clock.advance(1h);
  const Json body = {{"at_seq", hold["opened_seq"]}};
  const auto child = run(planner->fork(run_id, body, "user:ada"));
  ASSERT_TRUE(child) << child.error().message;

  const Json copy = wait_hold((*child)["run"].get<std::string>(), "approval");
  EXPECT_EQ(copy["expires_ms"], hold["expires_ms"].get<std::int64_t>() + 3'600'000);
}

TEST_F(HoldExpiryOfRuns, AWrongExpiryIsNamed) {
  const Json body = {{"question", "x"}, {"agent", "test"}, {"hold_expiry", {{"then", "explode"}}}};
  EXPECT_EQ(run(planner->create(body, "user:ada")).error().message,
            "body.hold_expiry.then: expected one of: keep, deny, cancel_step");
}

}  // namespace
}  // namespace lyceum::planner
