#include "model/white_box.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/engine_status.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/model/engine/loaded_model.hpp"

namespace lyceum::model {
namespace {

using test::run_task;
using testing::HasSubstr;

class WhiteBoxTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { ASSERT_NE(white_box_, nullptr); }

  const Prompt prompt_{.task = "reading.span", .slots = {{"question", "Who?"}}, .user = "Who?"};
  const std::vector<std::string> sources_{"Anna built it.", "It rained."};
  LoadedModel model_{GetParam()};
  WhiteBox* const white_box_ = model_->white_box();
};

TEST_P(WhiteBoxTest, MeasuresSupportByHidingEachSource) {
  SupportRequest request{.prompt = prompt_, .sources = sources_, .claim = "Anna"};
  const auto support = run_task(white_box_->measure_support(request));
  ASSERT_TRUE(support) << support.error().message;
  ASSERT_EQ(support->without_source.size(), 2U);
  EXPECT_LT(support->with_all, 0.0);
  EXPECT_NE(support->gain_of(0), 0.0);
  // One source alone: without it there is none.
  request.sources = {sources_[0]};
  const auto single = run_task(white_box_->measure_support(request));
  ASSERT_TRUE(single);
  EXPECT_EQ(single->without_source[0], single->without_any);
  request.claim = "";
  EXPECT_THAT(run_task(white_box_->measure_support(request)).error().message, HasSubstr("claim"));
}

TEST_P(WhiteBoxTest, ComputesWhatComesBeforeAHiddenSourceOnce) {
  SupportRequest request{.prompt = prompt_, .claim = "Anna"};
  for (const char letter : {'a', 'b', 'c', 'd'}) request.sources.emplace_back(100, letter);
  ASSERT_TRUE(run_task(white_box_->measure_support(request)));
  // A token is a letter: each of the four is hidden behind those before it.
  EXPECT_GE(model_->engine_monitor()->status().cached_tokens, 0U + 100U + 200U + 300U);
}

TEST_P(WhiteBoxTest, ExplainsEveryToken) {
  ExplainRequest request{.prompt = prompt_, .sources = sources_, .tokens_max = 12};
  const auto explained = run_task(white_box_->explain(request));
  ASSERT_TRUE(explained) << explained.error().message;
  ASSERT_GT(explained->tokens.size(), 1U);
  for (const ExplainedToken& token : explained->tokens) {
    ASSERT_EQ(token.attention.size(), 2U);
    EXPECT_GT(token.attention[0], token.attention[1] * 0.1);
    EXPECT_GT(token.attention[0] + token.attention[1], 0.0);
    EXPECT_LT(token.attention[0] + token.attention[1], 1.0);
    EXPECT_EQ(token.experts.size(), 2U);
    EXPECT_EQ(token.experts[0].size(), 2U);
    EXPECT_EQ(token.top.size(), 5U);
    EXPECT_GT(token.entropy, 0.0);
    EXPECT_EQ(token.top[0].logprob, token.token.logprob);
  }
  std::uint64_t uses = 0;
  for (const std::uint64_t count : explained->expert_use.tokens[1]) uses += count;
  EXPECT_EQ(uses, explained->tokens.size() * 2);
  EXPECT_GT(explained->expert_use.routing_consistency, 0.0);
  EXPECT_LE(explained->expert_use.routing_consistency, 1.0);
}

TEST_P(WhiteBoxTest, SteersTheChoiceOfExperts) {
  ExplainRequest request{.prompt = prompt_, .sources = sources_, .tokens_max = 12};
  request.controls.experts_per_layer = 1;
  request.controls.bias = {{0, {{2, -1e9}}}, {1, {{3, 10}}}};
  const auto explained = run_task(white_box_->explain(request));
  ASSERT_TRUE(explained) << explained.error().message;
  EXPECT_EQ(explained->expert_use.tokens[0][2], 0U);
  EXPECT_EQ(explained->expert_use.tokens[1][3], explained->tokens.size());
  request.controls.bias = {{0, {{4, 1}}}};
  EXPECT_THAT(run_task(white_box_->explain(request)).error().message, HasSubstr("number 4"));
  request.controls.bias = {{2, {{0, 1}}}};
  EXPECT_THAT(run_task(white_box_->explain(request)).error().message, HasSubstr("number 2"));
}

TEST_P(WhiteBoxTest, ShowsWhereSourcesAndMemoryConflict) {
  ExplainRequest request{.prompt = prompt_, .sources = sources_, .tokens_max = 8, .contrast = 1};
  const auto explained = run_task(white_box_->explain(request));
  ASSERT_TRUE(explained) << explained.error().message;
  for (const ExplainedToken& token : explained->tokens) {
    EXPECT_GT(token.conflict, 0.0);
    EXPECT_LE(token.conflict, 1.0);
    EXPECT_EQ(token.attention.size(), 2U);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, WhiteBoxTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "TrainedForTheVerbs" : "Chat"; });

}  // namespace
}  // namespace lyceum::model
