#include "planner/plan/plan.hpp"

#include <gtest/gtest.h>

#include "planner/plan/markdown.hpp"

namespace lyceum::planner {
namespace {

Result<std::pair<std::vector<std::string>, std::string>> of_agent(const void*, const std::string& agent) {
  if (agent.starts_with("deep_search."))
    return std::pair(std::vector<std::string>{"search_memory"}, std::string("low"));
  return Error{Errc::invalid_argument, "step.agent: there is no agent '" + agent + "'"};
}

StepDefaults defaults() {
  return {.agent = "deep_search.find", .of_agent = of_agent};
}

Result<PlanEdit> edit(const PlanEdit& from, const Json& ops) {
  return apply_ops(from, ops, "user:ada", defaults());
}

PlanEdit three_steps() {
  const Json ops = {{{"op", "insert"}, {"after", nullptr}, {"step", {{"title", "One"}}}},
                    {{"op", "insert"}, {"after", "s1"}, {"step", {{"title", "Two"}, {"inputs", {"s1"}}}}},
                    {{"op", "insert"},
                     {"after", "s2"},
                     {"step", {{"title", "Answer"}, {"agent", "deep_search.answer"}, {"inputs", {"*"}}}}}};
  return *edit({}, ops);
}

TEST(ApplyOps, InsertNumbersStepsAndGivesThemTheirAgentsTools) {
  const PlanEdit result = three_steps();

  ASSERT_EQ(result.plan.steps.size(), 3U);
  EXPECT_EQ(result.plan.rev, 1U);
  EXPECT_EQ(result.plan.steps[1].id, "s2");
  EXPECT_EQ(result.plan.steps[1].goal, "Two");
  EXPECT_EQ(result.plan.steps[1].tools, std::vector<std::string>{"search_memory"});
  EXPECT_EQ(result.plan.inputs_of(result.plan.steps[2]), (std::vector<std::string>{"s1", "s2"}));
}

TEST(ApplyOps, AStepIdIsNeverUsedTwice) {
  auto result = edit(three_steps(), {{{"op", "delete"}, {"step", "s2"}}});
  ASSERT_TRUE(result);

  result = edit(*result, {{{"op", "insert"}, {"after", "s1"}, {"step", {{"title", "New"}}}}});

  ASSERT_TRUE(result);
  EXPECT_EQ(result->plan.steps[1].id, "s4");
}

TEST(ApplyOps, DeleteTakesTheStepOutOfOthersInputs) {
  const auto result = edit(three_steps(), {{{"op", "delete"}, {"step", "s1"}}});

  ASSERT_TRUE(result);
  EXPECT_TRUE(result->plan.steps[0].inputs.empty());
}

TEST(ApplyOps, RefusesAnInputThatIsNotAbove) {
  const auto result = edit(three_steps(), {{{"op", "move"}, {"step", "s2"}, {"after", nullptr}}});

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::invalid_argument);
  EXPECT_NE(result.error().message.find("s2"), std::string::npos);
}

TEST(ApplyOps, NamesWhatIsWrong) {
  const auto error_of = [](const Json& op) { return edit(three_steps(), Json::array({op})).error().message; };

  EXPECT_EQ(error_of({{"op", "explode"}}), "op.op: expected one of: insert, update, delete, move");
  EXPECT_EQ(error_of({{"op", "delete"}, {"step", "s9"}}), "the plan has no step 's9'");
  EXPECT_EQ(error_of({{"op", "insert"}, {"after", nullptr}, {"step", {{"title", ""}}}}),
            "op.step.title: must not be empty");
  EXPECT_EQ(error_of({{"op", "update"}, {"step", "s1"}, {"set", {{"colour", "red"}}}}),
            "op.set.colour: unknown field");
  EXPECT_EQ(error_of({{"op", "update"}, {"step", "s1"}, {"set", {{"agent", "nobody"}}}}),
            "step.agent: there is no agent 'nobody'");
}

TEST(PlanMarkdown, RoundTripsGoalsThatLookLikeStructure) {
  const auto with_goal = edit(
      three_steps(),
      {{{"op", "update"},
        {"step", "s1"},
        {"set",
         {{"goal",
           "First line\n- agent: not a property\n## not a heading\n\\a backslash\n\n- a plain item"}}}}});
  ASSERT_TRUE(with_goal);

  const auto parsed = parse_plan_markdown(plan_markdown("Title", with_goal->plan));

  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto difference = plan_difference(with_goal->plan, *parsed);
  ASSERT_TRUE(difference);
  EXPECT_EQ(*difference, Json::array()) << difference->dump(1);
}

// Goal: any edit of the document arrives as the plan that it shows.
// Method: reorder, delete, change and add in the text; the ops applied to the old plan give the new text.
TEST(PlanMarkdown, AnEditedDocumentBecomesOpsThatGiveIt) {
  const PlanEdit before = three_steps();
  const std::string edited =
      "# Title\n\n## New first\nLook here first\n\n## Two  {#s2}\nChanged goal\n- agent: deep_search.find\n"
      "- inputs: \n- tools: search_memory\n- done when: \n- risk: medium\n\n## Also new\n\n"
      "## Answer  {#s3}\nAnswer\n- agent: deep_search.answer\n- inputs: *\n- tools: search_memory\n- done "
      "when: \n- risk: low\n";
  const auto wanted = parse_plan_markdown(edited);
  ASSERT_TRUE(wanted);

  const auto ops = plan_difference(before.plan, *wanted);
  ASSERT_TRUE(ops);
  const auto after = edit(before, *ops);

  ASSERT_TRUE(after) << after.error().message << ops->dump(1);
  std::vector<std::string> titles;
  for (const PlanStep& step : after->plan.steps) titles.push_back(step.title);
  EXPECT_EQ(titles, (std::vector<std::string>{"New first", "Two", "Also new", "Answer"}));
  EXPECT_EQ(after->plan.find("s2")->goal, "Changed goal");
  EXPECT_EQ(after->plan.find("s2")->risk, "medium");
  EXPECT_TRUE(after->plan.find("s2")->inputs.empty());
}

TEST(PlanMarkdown, NamesTheLineOfAnError) {
  const auto parsed = parse_plan_markdown("# Title\n\nstray text\n");

  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message.find("line 3"), std::string::npos);
}

}  // namespace
}  // namespace lyceum::planner
