#include "cli/batch_plan.hpp"

#include <gtest/gtest.h>

#include "base/ids.hpp"

namespace lyceum::cli {
namespace {

constexpr std::int64_t kStartedMs = 1'700'000'000'000;

TEST(EncodeUlid, IsTheSpecificationsExample) {
  // The lowest and the highest ULID of github.com/ulid/spec.
  std::array<std::uint8_t, 10> ones{};
  ones.fill(0xFF);

  EXPECT_EQ(encode_ulid(0, {}), "00000000000000000000000000");
  EXPECT_EQ(encode_ulid((std::int64_t{1} << 48) - 1, ones), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
}

TEST(PlanBatch, TheSameFileOfTheSameBatchAsksForTheSameRuns) {
  const std::string tasks = "{\"question\":\"a\"}\n{\"question\":\"b\",\"id\":7}\n";

  const auto first = plan_batch(tasks, kStartedMs, false);
  const auto second = plan_batch(tasks, kStartedMs, false);
  const auto other_batch = plan_batch(tasks, kStartedMs + 1, false);

  ASSERT_TRUE(first);
  ASSERT_EQ(first->tasks.size(), 2U);
  EXPECT_TRUE(is_ulid(first->tasks[0].run));
  EXPECT_EQ(first->tasks[0].run, second->tasks[0].run);
  EXPECT_NE(first->tasks[0].run, first->tasks[1].run);
  EXPECT_NE(first->tasks[0].run, other_batch->tasks[0].run);
  EXPECT_EQ(first->tasks[1].tag, 7);
}

TEST(PlanBatch, ALineAddedLaterLeavesTheOthersTheirRuns) {
  const auto before = plan_batch("{\"question\":\"a\"}\n", kStartedMs, false);
  const auto after = plan_batch("{\"question\":\"new\"}\n{\"question\":\"a\"}\n", kStartedMs, false);

  EXPECT_EQ(before->tasks[0].run, after->tasks[1].run);
}

TEST(PlanBatch, ATaskThatStandsThereTwiceIsAskedTwice) {
  const auto plan = plan_batch("{\"question\":\"a\"}\n{\"question\":\"a\"}\n", kStartedMs, false);

  ASSERT_EQ(plan->tasks.size(), 2U);
  EXPECT_NE(plan->tasks[0].run, plan->tasks[1].run);
}

TEST(PlanBatch, ABadLineIsNamedAndTheOthersGoOn) {
  const auto plan =
      plan_batch("{\"question\":\"a\"}\n\nnonsense\n{\"q\":\"b\"}\n{\"question\":\"c\"}", kStartedMs, true);

  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->tasks.size(), 2U);
  EXPECT_EQ(plan->tasks[1].line, 5U);
  EXPECT_EQ(plan->tasks[1].body["approvals"], "auto");
  ASSERT_EQ(plan->bad_lines.size(), 2U);
  EXPECT_EQ(plan->bad_lines[0].line, 3U);
  EXPECT_EQ(plan->bad_lines[1].line, 4U);
  EXPECT_NE(plan->bad_lines[1].message.find("question"), std::string::npos);
}

TEST(PlanBatch, ATaskCarriesItsContrastAsFarAsThereIsOne) {
  const auto plan = plan_batch(
      "{\"question\":\"a\"}\n{\"question\":\"a\",\"contrast\":1.5}\n{\"question\":\"a\",\"contrast\":4.1}\n",
      kStartedMs, false);

  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->tasks.size(), 2U);
  EXPECT_FALSE(plan->tasks[0].body.contains("contrast"));
  EXPECT_EQ(plan->tasks[1].body["contrast"], 1.5);
  ASSERT_EQ(plan->bad_lines.size(), 1U);
  EXPECT_NE(plan->bad_lines[0].message.find("contrast"), std::string::npos);
}

TEST(ReadResults, ALineThatACrashCutShortLiesBehindTheWholeOnes) {
  const std::string whole = "{\"run\":\"R1\",\"ok\":true}\n{\"run\":\"R2\",\"ok\":false}\n";

  const FinishedResults finished = read_results(whole + "{\"run\":\"R3\",\"o");

  EXPECT_EQ(finished.size_bytes, whole.size());
  EXPECT_EQ(finished.runs, (std::set<std::string>{"R1", "R2"}));
  EXPECT_EQ(finished.num_failed, 1U);
  EXPECT_EQ(read_results("").size_bytes, 0U);
  EXPECT_EQ(read_results("{\"run\"").size_bytes, 0U);
}

}  // namespace
}  // namespace lyceum::cli
