// What a run does about a step whose calls change nothing any more, rung by rung.
#include <algorithm>

#include "tests/unit/planner/run_harness.hpp"

namespace lyceum::planner {
namespace {

class LoopLadder : public RunHarness {
 protected:
  LoopLadder() {
    options.stall_actions_max = 3;
    restart();
    find = [](agents::StepContext& context) -> Task<Result<Json>> {
      if (context.input().goal == "the other way") co_return Json{{"text", "found"}};
      for (int round = 0;; ++round) {
        const Json args = {{"round", round}};
        const auto found = co_await context.act("look", args);
        if (!found && found.error().code == Errc::cancelled) co_return found.error();
      }
    };
  }

  std::vector<std::string> rungs(const std::string& run_id) {
    std::vector<std::string> rungs;
    for (const Json& event : events_of(run_id, "loop.escalated")) rungs.push_back(event["data"]["rung"]);
    return rungs;
  }

  std::vector<Json> steps(const std::string& run_id) {
    return (*run(planner->plan(run_id, 0)))["steps"].get<std::vector<Json>>();
  }
};

const Json kOtherWay = {{"title", "Elsewhere"}, {"goal", "the other way"}, {"agent", "test.find"}};

TEST_F(LoopLadder, AfterTheSamePlanAPersonIsAskedThenTheStepStops) {
  find = [](agents::StepContext& context) -> Task<Result<Json>> {
    for (;;) {
      const auto found = co_await context.act("look", Json::object());
      if (!found && found.error().code == Errc::cancelled) co_return found.error();
    }
  };
  const std::string run_id = submit();
  const Json question = wait_hold(run_id, "question");
  EXPECT_LE(look->calls.size(), 4U) << "the same call went on after it was forbidden";

  accepted(run_id,
           {{"type", "hold.resolve"}, {"hold", question["hold"]}, {"decision", "answer"}, {"payload", "no"}});
  wait_end(run_id);

  EXPECT_EQ(rungs(run_id), (std::vector<std::string>{"forbid", "replan", "ask", "stop"}));
  EXPECT_EQ(events_of(run_id, "plan.patched").size(), 1U) << "the same plan is no new revision";
}

TEST_F(LoopLadder, AStepThatFindsNothingGoesToAnotherExpertOfItsRole) {
  agents.add(std::make_unique<ScriptedAgent>("other.find", std::vector<std::string>{"look"},
                                             [](agents::StepContext&) -> Task<Result<Json>> {
                                               co_return Json{{"text", "found by the other"}};
                                             }));
  const std::string run_id = submit({{"approvals", "auto"}});
  wait_end(run_id);

  EXPECT_EQ(rungs(run_id), (std::vector<std::string>{"forbid", "reassign"}));
  EXPECT_EQ(status(run_id), "completed");
  EXPECT_EQ(steps(run_id)[0]["agent"], "other.find");
}

TEST_F(LoopLadder, AnotherPlanTakesThePlaceOfAStepThatMakesNoProgress) {
  plan_steps[0]["goal"] = "the first way";
  plan_steps[1]["inputs"] = {"s1"};
  agents::Blackboard seen;
  plan_otherwise = [&](agents::StepContext& context) -> Task<Result<Json>> {
    CO_TRY(seen, co_await context.read_blackboard());
    co_return Json{{"text", "planned otherwise"}, {"steps", {plan_steps[0], kOtherWay, plan_steps[1]}}};
  };
  const std::string run_id = submit();
  wait_end(run_id);

  EXPECT_EQ(rungs(run_id), (std::vector<std::string>{"forbid", "replan"}));
  ASSERT_EQ(seen.results.size(), 2U);
  EXPECT_EQ(seen.results[0].status, "stalled");
  const auto plan = steps(run_id);
  ASSERT_EQ(plan.size(), 3U) << "what the plan had is not taken twice";
  EXPECT_EQ(plan[1]["goal"], "the other way");
  EXPECT_EQ(plan[2]["inputs"], Json::array({"s1", plan[1]["id"]})) << "the answer builds on the new step";
  const auto patches = events_of(run_id, "plan.patched");
  ASSERT_EQ(patches.size(), 2U);
  EXPECT_EQ(patches[1]["data"]["base_rev"], 1);
  EXPECT_EQ(patches[1]["data"]["author"], "agent:test.plan");
  EXPECT_EQ(patches[1]["data"]["reason"], "s1 found nothing new");
  EXPECT_EQ(status(run_id), "completed");
}

TEST_F(LoopLadder, ARestartInTheMiddleOfPlanningAnewLosesNothing) {
  plan_otherwise = [](agents::StepContext& context) -> Task<Result<Json>> {
    CO_TRY([[maybe_unused]] const Json sent, co_await context.act("fetch", Json::object()));
    co_return Json{{"text", "planned otherwise"}, {"steps", {kOtherWay}}};
  };
  fetch->hangs = true;
  const std::string run_id = submit({{"approvals", "auto"}});
  run_until([&] { return fetch->calls.size() == 1; });
  fetch->hangs = false;
  restart();
  wait_end(run_id);

  EXPECT_EQ(fetch->calls.size(), 2U);
  EXPECT_EQ(fetch->calls[0].first, fetch->calls[1].first) << "a call issued again keeps its key";
  EXPECT_EQ(steps(run_id).size(), 3U);
  EXPECT_EQ(status(run_id), "completed");
}

TEST_F(LoopLadder, WherePlanningFailsThePlanStays) {
  plan_otherwise = [](agents::StepContext&) -> Task<Result<Json>> {
    co_return Error{Errc::internal, "no idea"};
  };
  const std::string run_id = submit({{"approvals", "auto"}});
  wait_end(run_id);

  EXPECT_EQ(rungs(run_id), (std::vector<std::string>{"forbid", "replan", "stop"}));
  EXPECT_EQ(steps(run_id).size(), 2U);
  EXPECT_EQ(status(run_id), "completed");
}

TEST_F(LoopLadder, PlanningKnowsWhatWasSearchedAndWhatIsNotAllowed) {
  find = [](agents::StepContext& context) -> Task<Result<Json>> {
    const Json query = {{"query", "tides"}, {"from", "question"}, {"round", 1}, {"hits", 3}, {"fresh", 3}};
    CO_TRY([[maybe_unused]] const Json logged, co_await context.emit("query.issued", query));
    for (int round = 0;; ++round) {
      const Json args = {{"round", round}};
      const auto sent = co_await context.act(round == 0 ? "launch" : "look", args);
      if (!sent && sent.error().code == Errc::cancelled) co_return sent.error();
    }
  };
  agents::Blackboard seen;
  plan_otherwise = [&](agents::StepContext& context) -> Task<Result<Json>> {
    CO_TRY(seen, co_await context.read_blackboard());
    co_return Json{{"text", "nothing else"}, {"steps", Json::array()}};
  };
  const std::string run_id = submit({{"approvals", "auto"}});
  wait_end(run_id);

  ASSERT_EQ(seen.queries.size(), 1U);
  EXPECT_EQ(seen.queries[0].text, "tides");
  EXPECT_EQ(seen.queries[0].step, "s1");
  ASSERT_FALSE(seen.refusals.empty());
  EXPECT_EQ(seen.refusals[0].tool, "launch");
  EXPECT_EQ(seen.refusals[0].why, "the plan does not let this step use launch");
}

}  // namespace
}  // namespace lyceum::planner
