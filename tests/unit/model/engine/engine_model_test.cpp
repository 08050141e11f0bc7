// The verbs over a model in the process, with its real thread: what they promise holds for any weights, so
// random ones will do.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_schema.hpp"
#include "model/engine_status.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/model/engine/loaded_model.hpp"

namespace lyceum::model {
namespace {

using test::run_task;
using testing::AllOf;
using testing::HasSubstr;

/// Collects pieces; stops after some.
class CollectingSink final : public TextSink {
 public:
  explicit CollectingSink(std::size_t pieces_max = 1'000'000) : pieces_max_(pieces_max) {}

  Task<bool> on_text(std::string piece) override {
    text += piece;
    co_return ++num_pieces < pieces_max_;
  }

  std::string text{};
  std::size_t num_pieces = 0;

 private:
  std::size_t pieces_max_;
};

Prompt prompt() {
  return {.task = "deep_search.relevant",
          .slots = {{"question", "Who built the bridge?"}, {"quote", "Anna built it."}},
          .system = "Judge.",
          .user = "Who built the bridge?"};
}

class EngineModelTest : public testing::TestWithParam<bool> {
 protected:
  LoadedModel model_{GetParam()};
};

TEST_P(EngineModelTest, ChoosesWithProbabilitiesThatSumToOneAndNeverChange) {
  const ChooseRequest request{.prompt = prompt(), .options = {"relevant", "not relevant", "unclear"}};
  const auto first = run_task(model_->choose(request));
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_EQ(first->probabilities.size(), 3U);
  double sum = 0;
  for (const double probability : first->probabilities) sum += probability;
  EXPECT_NEAR(sum, 1.0, 1e-12);
  EXPECT_GT(first->usage.tokens_in, 20U);
  EXPECT_EQ(run_task(model_->choose(request))->probabilities, first->probabilities);
}

TEST_P(EngineModelTest, QuotesOnlyWhatTheSourcesSayLetterByLetter) {
  QuoteRequest request{
      .prompt = prompt(),
      .sources = {"", "The bridge is old. Anna built it in 1901. It stands.", "It rained. Much."},
      .quotes_max = 3};
  for (const char* task : {"deep_search.evidence", "reading.span"}) {
    request.prompt.task = task;
    const auto quotes = run_task(model_->quote(request));
    ASSERT_TRUE(quotes) << quotes.error().message;
    EXPECT_LE(quotes->quotes.size(), 3U);
    for (const Quote& quote : quotes->quotes) {
      ASSERT_LT(quote.begin, quote.end);
      ASSERT_LE(quote.end, request.sources[quote.source].size());
      EXPECT_GE(quote.score, 0.0);
      EXPECT_LE(quote.score, 1.0);
    }
  }
}

TEST_P(EngineModelTest, StreamsTheTextThatItReturns) {
  CollectingSink sink;
  const auto written = run_task(model_->write({.prompt = prompt(), .tokens_max = 60}, &sink));
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(sink.text, written->text);
  EXPECT_GT(sink.num_pieces, 1U);
  EXPECT_LE(written->usage.tokens_out, 60U);
  EXPECT_EQ(run_task(model_->write({.prompt = prompt(), .tokens_max = 60}, nullptr))->text, written->text);
}

TEST_P(EngineModelTest, WritesJsonThatFitsItsSchema) {
  const Json schema = {{"type", "object"},
                       {"properties", {{"kind", {{"enum", {"a", "b"}}}}, {"sure", {{"type", "boolean"}}}}},
                       {"required", {"kind", "sure"}},
                       {"additionalProperties", false}};
  const auto written =
      run_task(model_->write({.prompt = prompt(), .schema = schema, .temperature = 1}, nullptr));
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_TRUE(validate_schema(written->value, schema, "result"));
  EXPECT_EQ(*parse_json(written->text), written->value);
}

TEST_P(EngineModelTest, StopsWhenTheReaderDoes) {
  CollectingSink sink(3);
  const auto written = run_task(model_->write({.prompt = prompt(), .tokens_max = 500}, &sink));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::cancelled);
  EXPECT_EQ(sink.num_pieces, 3U);
}

TEST_P(EngineModelTest, EmbedsTextsAsUnitVectors) {
  const auto vectors = run_task(model_->embed({"a bridge", "a bridge", "rain"}));
  ASSERT_TRUE(vectors) << vectors.error().message;
  ASSERT_EQ(vectors->size(), 3U);
  double square = 0;
  for (const float value : (*vectors)[0]) square += static_cast<double>(value) * static_cast<double>(value);
  EXPECT_NEAR(square, 1.0, 1e-5);
  EXPECT_EQ((*vectors)[0], (*vectors)[1]);
  EXPECT_NE((*vectors)[0], (*vectors)[2]);
}

TEST_P(EngineModelTest, ShowsWhatItIsAndDoes) {
  ASSERT_TRUE(run_task(model_->write({.prompt = prompt(), .tokens_max = 20}, nullptr)));
  const EngineMonitor* monitor = model_->engine_monitor();
  ASSERT_NE(monitor, nullptr);
  EXPECT_EQ(monitor->facts().architecture, "qwen3moe");
  EXPECT_EQ(monitor->facts().num_experts, 4U);
  EXPECT_EQ(monitor->facts().context_length, 2048U);
  EXPECT_GT(monitor->status().prefill_tokens, 0U);
  EXPECT_EQ(model_->info().provider, "engine");
}

INSTANTIATE_TEST_SUITE_P(Formats, EngineModelTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "TrainedForTheVerbs" : "Chat"; });

TEST(EngineModelLimitsTest, SaysBothNumbersWhenAPromptIsLongerThanTheContext) {
  const TinyTextModel file(false, 100);
  BlockingPool pool(1);
  Metrics metrics;
  auto model = make_engine_model_blocking({.path = file.path()}, pool, metrics);
  ASSERT_TRUE(model) << model.error().message;
  const auto written =
      run_task((*model)->write({.prompt = {.user = std::string(300, 'x')}, .tokens_max = 5}, nullptr));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::too_large);
  EXPECT_THAT(written.error().message, AllOf(HasSubstr("302"), HasSubstr("100")));
}

TEST(EngineModelLimitsTest, NamesTheFileThatCannotBeLoaded) {
  BlockingPool pool(1);
  Metrics metrics;
  const auto missing = make_engine_model_blocking({.path = "no/such.gguf"}, pool, metrics);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("no/such.gguf"));
  EXPECT_EQ(missing.error().code, Errc::not_found);
}

}  // namespace
}  // namespace lyceum::model
