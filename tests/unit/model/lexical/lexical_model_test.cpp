#include <gtest/gtest.h>

#include "model/lexical.hpp"
#include "tests/support/run_task.hpp"

namespace lyceum::model {
namespace {

using test::run_task;

class CollectingSink final : public TextSink {
 public:
  explicit CollectingSink(std::size_t pieces_max) : pieces_max_(pieces_max) {}

  Task<bool> on_text(std::string piece) override {
    if (pieces.size() == pieces_max_) co_return false;
    pieces.push_back(std::move(piece));
    co_return true;
  }

  std::vector<std::string> pieces;

 private:
  std::size_t pieces_max_;
};

class LexicalModelTest : public testing::Test {
 protected:
  BlockingPool pool_{1};
  std::unique_ptr<LanguageModel> model_ = make_lexical_model([](std::string_view) { return 3.0; }, pool_);
  WriteRequest request_{
      {.task = "deep_search.sub_questions", .slots = {{"question", "Who leads it and when did it begin?"}}},
      {{"type", "object"}}};
};

TEST_F(LexicalModelTest, StreamsWordByWordWhatItReturns) {
  CollectingSink sink(1000);

  const auto written = run_task(model_->write(request_, &sink));

  ASSERT_TRUE(written);
  std::string joined;
  for (const auto& piece : sink.pieces) joined += piece;
  EXPECT_EQ(joined, written->text);
  EXPECT_GT(sink.pieces.size(), 3U);
  EXPECT_EQ(written->value.at("sub_questions").size(), 2U);
}

TEST_F(LexicalModelTest, ASinkThatStopsEndsTheWriteAsCancelled) {
  CollectingSink sink(2);

  const auto written = run_task(model_->write(request_, &sink));

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::cancelled);
  EXPECT_EQ(sink.pieces.size(), 2U);
}

TEST_F(LexicalModelTest, RefusesWhatIsOverTheLimits) {
  const auto choice = run_task(model_->choose({{.task = "a"}, {"one"}}));

  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code, Errc::invalid_argument);
}

TEST_F(LexicalModelTest, GivesTheSameAnswerTwice) {
  const QuoteRequest request{{.task = "t", .slots = {{"question", "Who leads Debian?"}}},
                             {"Ada leads Debian. Tom left."}};

  const auto first = run_task(model_->quote(request));
  const auto second = run_task(model_->quote(request));

  ASSERT_TRUE(first && second);
  ASSERT_FALSE(first->quotes.empty());
  EXPECT_EQ(first->quotes[0].score, second->quotes[0].score);
  EXPECT_GT(first->usage.tokens_in, 0U);
}

TEST_F(LexicalModelTest, OwnsUpToItsLimits) {
  EXPECT_FALSE(model_->info().limits.empty());
  EXPECT_FALSE(model_->info().capabilities.follows_instructions);
  const auto embedded = run_task(model_->embed({"text"}));
  ASSERT_FALSE(embedded);
  EXPECT_EQ(embedded.error().code, Errc::unsupported);
}

}  // namespace
}  // namespace lyceum::model
