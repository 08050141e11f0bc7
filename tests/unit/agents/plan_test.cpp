#include "tests/unit/agents/deep_search_fixture.hpp"

namespace lyceum::agents {
namespace {

using testing::Contains;
using testing::ElementsAre;

class PlanTest : public DeepSearchTest {
 protected:
  Json plan_for(const std::string& question) {
    const auto context = context_for(question, {});
    auto plan = do_step("deep_search.plan", *context);
    EXPECT_TRUE(plan) << plan.error().message;
    return plan ? *plan : Json::object();
  }
};

TEST_F(PlanTest, ASimpleQuestionGetsOneFindAndOneAnswer) {
  const Json plan = plan_for("When was the Golden Gate Bridge opened?");

  EXPECT_THAT(event_types(), ElementsAre("question.understood"));
  const Json understood = events_of("question.understood")[0];
  EXPECT_EQ(understood["kind"], "factoid");
  EXPECT_THAT(understood["entities"], Contains("Golden Gate Bridge"));
  ASSERT_EQ(plan["steps"].size(), 2U);
  EXPECT_EQ(plan["steps"][0]["agent"], "deep_search.find");
  EXPECT_EQ(plan["steps"][0]["goal"], "When was the Golden Gate Bridge opened?");
  EXPECT_EQ(plan["steps"][0]["inputs"], Json::array());
  EXPECT_EQ(plan["steps"][0]["tools"], Json::array({"search_memory"}));
  EXPECT_EQ(plan["steps"][1]["agent"], "deep_search.answer");
  EXPECT_EQ(plan["steps"][1]["inputs"], Json::array({"*"}));
}

TEST_F(PlanTest, PartsAreSearchedSideBySideAndCarryTheNamesTheyNeed) {
  const Json plan = plan_for("When was the Golden Gate Bridge opened and who designed it?");

  ASSERT_EQ(plan["steps"].size(), 3U);
  EXPECT_EQ(plan["steps"][0]["goal"], "When was the Golden Gate Bridge opened?");
  EXPECT_EQ(plan["steps"][1]["goal"], "Who designed it? (Golden Gate Bridge)");
  EXPECT_EQ(plan["steps"][1]["inputs"], Json::array());
}

TEST_F(PlanTest, AnAddressInTheQuestionIsRead) {
  const Json plan = plan_for("What does https://bridges.example/gate say about the Golden Gate Bridge?");

  ASSERT_EQ(plan["steps"].size(), 3U);
  EXPECT_EQ(plan["steps"][0]["agent"], "deep_search.read");
  EXPECT_EQ(plan["steps"][0]["goal"], "https://bridges.example/gate");
  EXPECT_EQ(plan["steps"][0]["tools"], Json::array({"fetch_url"}));
  EXPECT_EQ(plan["steps"][0]["risk"], "medium");
}

TEST_F(PlanTest, WhatAnEarlierRunFoundIsSaid) {
  ingest("Golden Gate Bridge", "The Golden Gate Bridge opened in 1937.");
  const std::string question = "When was the Golden Gate Bridge opened?";
  ASSERT_TRUE(do_step("deep_search.find", *context_for(question, {"search_memory"})));
  ASSERT_TRUE(do_step("deep_search.answer", *context_for(question, {"write_file", "remember"})));

  // The same question in other words: the words that say what it is about are the same.
  ASSERT_TRUE(
      do_step("deep_search.plan", *context_for("When did they open the Golden Gate Bridge?", {"recall"})));

  const auto thoughts = events_of("thought.noted");
  ASSERT_FALSE(thoughts.empty());
  EXPECT_NE(thoughts.back()["text"].get<std::string>().find("1937"), std::string::npos);
}

TEST_F(PlanTest, APartWithoutASubjectGetsTheOneOfTheFirstPart) {
  const Json plan = plan_for("What does the package manager do and which priorities exist?");

  ASSERT_EQ(plan["steps"].size(), 3U);
  EXPECT_EQ(plan["steps"][1]["goal"], "Which priorities exist? (package, manager)");
  EXPECT_EQ(plan["steps"][1]["title"], plan["steps"][1]["goal"]);
}

TEST_F(PlanTest, AStepWithoutProgressGetsOtherSearchesForWhatIsOpen) {
  const std::string question = "Which engineer designed the towers of the Golden Gate Bridge?";
  run.blackboard.results = {{.step = "s1", .title = "Find", .goal = question, .status = "stalled"}};
  run.blackboard.queries = {{.step = "s1", .text = question, .fresh = 12}};
  run.blackboard.evidence = {evidence("e1", "The Golden Gate Bridge has two towers.", "Bridges", question)};
  run.blackboard.refusals = {{.step = "s1", .tool = "fetch_url", .why = "a person denied fetch_url"}};
  StepInput input = input_for(question, {});
  input.attempt = 2;
  test::FakeStepContext context(input, tools, *model, run);

  const auto plan = do_step("deep_search.plan", context);

  ASSERT_TRUE(plan) << plan.error().message;
  const Json& steps = (*plan)["steps"];
  ASSERT_FALSE(steps.empty());
  for (const Json& step : steps) {
    EXPECT_EQ(step["agent"], "deep_search.find");
    EXPECT_NE(step["goal"], question);
  }
  const std::string goals = steps.dump();
  EXPECT_NE(goals.find("engineer"), std::string::npos) << goals;
  const std::string text = (*plan)["text"];
  EXPECT_NE(text.find("open: engineer, designed"), std::string::npos) << text;
  EXPECT_NE(text.find("not allowed: fetch_url"), std::string::npos) << text;
}

TEST_F(PlanTest, WhatWasSearchedBeforeIsNotPlannedAgain) {
  const std::string question = "Who designed it?";
  run.blackboard.results = {{.step = "s1", .title = "Find", .goal = question, .status = "stalled"}};
  run.blackboard.queries = {{.step = "s1", .text = "designed", .fresh = 0}};
  StepInput input = input_for(question, {});
  input.attempt = 2;
  test::FakeStepContext context(input, tools, *model, run);

  const auto plan = do_step("deep_search.plan", context);

  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE((*plan)["steps"].empty()) << plan->dump();
}

TEST_F(PlanTest, CancelledItReturnsAtOnce) {
  const auto context = context_for("When was the bridge opened?", {});
  context->cancelled_from = 1;

  const auto plan = do_step("deep_search.plan", *context);

  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::cancelled);
  EXPECT_EQ(context->calls.size(), 2U);
}

}  // namespace
}  // namespace lyceum::agents
