// A text that stops and goes on, that is steered on its way, that is cut off, and that is looked at again:
// over a model in the process with its real thread.
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_schema.hpp"
#include "model/white_box.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/model/engine/loaded_model.hpp"

namespace lyceum::model {
namespace {

using test::run_task;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// Keeps what a text needs to go on; stops after some tokens, and asks for other experts after some.
class TracingSink final : public TextSink {
 public:
  explicit TracingSink(std::size_t tokens_max = 1'000'000) : tokens_max_(tokens_max) {}

  Task<bool> on_text(std::string piece) override {
    text += piece;
    co_return trace.tokens.size() < tokens_max_;
  }

  void on_contrast(TraceContrast contrast) override { contrast_ = std::move(contrast); }

  void on_prompt(std::vector<std::int32_t> tokens) override {
    trace = {.prompt = std::move(tokens), .contrast = std::exchange(contrast_, {})};
    text.clear();
    ++num_begun;
  }

  void on_token(std::int32_t token) override { trace.tokens.push_back(token); }

  void on_experts(ExpertChange change) override { trace.experts.push_back(change); }

  std::uint32_t experts_wanted(std::uint32_t now) override {
    return trace.tokens.size() >= steers_after ? steers_to : now;
  }

  TokenTrace trace{};
  std::string text{};
  int num_begun = 0;
  std::size_t steers_after = 1'000'000;
  std::uint32_t steers_to = 0;

 private:
  std::size_t tokens_max_;
  TraceContrast contrast_{};
};

class WritingTest : public testing::TestWithParam<bool> {
 protected:
  WriteRequest request(std::uint32_t tokens_max = 60) const {
    return {.prompt = {.task = "test",
                       .slots = {{"question", "Who built the bridge?"}, {"quote", "Anna built it."}},
                       .user = "Who built the bridge? Anna built it."},
            .schema = {{"type", "string"}, {"pattern", "^[a-z ]{80,90}$"}},  // A token is a letter.
            .tokens_max = tokens_max,
            .temperature = 1,
            .seed = 5};
  }

  Result<Written> write(WriteRequest what, TextSink* sink) {
    return run_task(model_->write(std::move(what), sink));
  }

  /// Writes on behind `begun`; `sink` then holds the whole trace.
  Result<Written> go_on(WriteRequest what, TokenTrace begun, TracingSink& sink) {
    sink.trace = begun;
    what.begun = std::move(begun);
    return write(std::move(what), &sink);
  }

  LoadedModel model_{GetParam()};
};

TEST_P(WritingTest, GoesOnAtTheTokenWhereItStopped) {
  TracingSink whole;
  const auto written = write(request(), &whole);
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_EQ(whole.trace.tokens.size(), 60U);

  for (const std::size_t stop : {std::size_t{2}, std::size_t{17}, std::size_t{59}}) {
    TracingSink first(stop);
    ASSERT_EQ(write(request(), &first).error().code, Errc::cancelled);
    TracingSink second;
    second.text = first.text;
    const auto resumed = go_on(request(), first.trace, second);

    ASSERT_TRUE(resumed) << resumed.error().message;
    EXPECT_EQ(second.num_begun, 0);
    EXPECT_EQ(second.trace, whole.trace);
    EXPECT_EQ(second.text, whole.text);
    EXPECT_EQ(resumed->text, written->text);
    EXPECT_EQ(resumed->usage.tokens_out, written->usage.tokens_out);
  }
}

TEST_P(WritingTest, DrawsATextTowardItsSourcesAndGoesOnWithIt) {
  const auto plain = write(request(), nullptr);
  ASSERT_TRUE(plain) << plain.error().message;
  WriteRequest drawn = request();
  drawn.contrast = 4;
  drawn.without_sources = drawn.prompt;
  drawn.without_sources->slots["quote"] = "";
  drawn.without_sources->user = "Who built the bridge?";
  TracingSink whole;
  const auto written = write(drawn, &whole);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_NE(written->text, plain->text);
  EXPECT_EQ(whole.trace.contrast.strength, 4.0);
  EXPECT_FALSE(whole.trace.contrast.prompt.empty());

  TracingSink first(17);
  ASSERT_EQ(write(drawn, &first).error().code, Errc::cancelled);
  TracingSink second;
  const auto resumed = go_on(drawn, first.trace, second);
  ASSERT_TRUE(resumed) << resumed.error().message;
  EXPECT_EQ(resumed->text, written->text);
  EXPECT_EQ(second.trace, whole.trace);
  // What was drawn otherwise is another text.
  drawn.contrast = 0;
  TracingSink third;
  EXPECT_EQ(go_on(drawn, first.trace, third)->text, plain->text);
  EXPECT_EQ(third.num_begun, 1);

  const auto explained = run_task(model_->white_box()->explain_trace({.trace = whole.trace}));
  ASSERT_TRUE(explained) << explained.error().message;
  for (const ExplainedToken& token : explained->tokens) {
    EXPECT_GT(token.conflict, 0.0);
    EXPECT_LT(token.conflict, 1.0);
  }
}

TEST_P(WritingTest, BeginsAnewWhenTheRequestIsAnother) {
  TracingSink first(10);
  ASSERT_FALSE(write(request(), &first));
  WriteRequest other = request();
  other.prompt.slots["quote"] = "Bert built it.";
  other.prompt.user = "Who built the bridge? Bert built it.";
  TracingSink second;
  ASSERT_TRUE(go_on(other, first.trace, second));
  EXPECT_EQ(second.num_begun, 1);
  EXPECT_EQ(second.trace.tokens.size(), 60U);
}

TEST_P(WritingTest, TakesOtherExpertsWithinAFewTokensAndGoesOnWithThem) {
  TracingSink whole;
  whole.steers_after = 20;
  whole.steers_to = 1;
  const auto written = write(request(), &whole);
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_EQ(whole.trace.experts.size(), 1U);
  EXPECT_EQ(whole.trace.experts[0].experts, 1U);
  EXPECT_GE(whole.trace.experts[0].token, 20U);
  EXPECT_LE(whole.trace.experts[0].token, 32U);

  TokenTrace begun = whole.trace;
  begun.tokens.resize(40);
  WriteRequest rest = request();
  rest.experts = 1;
  TracingSink second;
  const auto resumed = go_on(rest, begun, second);
  ASSERT_TRUE(resumed) << resumed.error().message;
  EXPECT_EQ(resumed->text, written->text);
  EXPECT_EQ(second.trace, whole.trace);
}

TEST_P(WritingTest, UsesTheExpertsThatItIsGivenFromTheBeginning) {
  WriteRequest few = request();
  few.experts = 1;
  TracingSink sink;
  const auto written = write(few, &sink);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_THAT(sink.trace.experts, ElementsAre(ExpertChange{.token = 0, .experts = 1}));
  std::uint64_t uses = 0;
  for (const std::uint64_t count : written->expert_use.tokens[0]) uses += count;
  EXPECT_EQ(uses, 60U);
  EXPECT_EQ(written->expert_use.num_tokens, 60U);

  few.experts = 5;
  EXPECT_THAT(write(few, nullptr).error().message, HasSubstr("1 to 4 experts"));
  ChooseRequest choice{.prompt = few.prompt, .options = {"a", "b"}};
  const auto with_all = run_task(model_->choose(choice));
  ASSERT_TRUE(with_all) << with_all.error().message;
  choice.experts = 1;
  EXPECT_NE(run_task(model_->choose(choice))->probabilities, with_all->probabilities);
}

TEST_P(WritingTest, EndsCutOffJsonTheShortestWay) {
  const Json schema = {
      {"type", "object"},
      {"properties",
       {{"citations", {{"type", "array"}, {"items", {{"type", "integer"}, {"minimum", 1}}}, {"maxItems", 9}}},
        {"text", {{"type", "string"}, {"maxLength", 400}}}}},
      {"required", {"citations", "text"}},
      {"additionalProperties", false}};
  for (const std::uint32_t tokens_max : {1U, 2U, 9U, 30U}) {
    WriteRequest cut = request(tokens_max);
    cut.schema = schema;
    TracingSink sink;
    const auto written = write(cut, &sink);
    ASSERT_TRUE(written) << tokens_max << ": " << written.error().message;
    EXPECT_TRUE(validate_schema(written->value, schema, "result"));
    EXPECT_EQ(sink.text, written->text);
  }
}

// Goal: what is shown of a text is what wrote it. Method: the probabilities that explain_trace computes over
// the whole text at once are those that the tokens were drawn with, one by one.
TEST_P(WritingTest, ShowsATextAsItWasWritten) {
  TracingSink sink;
  sink.steers_after = 10;
  sink.steers_to = 1;
  ASSERT_TRUE(write(request(50), &sink));
  const TraceRequest shown{.trace = sink.trace, .sources = {"Anna built it.", "nowhere"}, .num_top = 3};
  const auto explained = run_task(model_->white_box()->explain_trace(shown));
  ASSERT_TRUE(explained) << explained.error().message;
  ASSERT_EQ(explained->tokens.size(), 50U);
  std::string text;
  const std::uint64_t steered = sink.trace.experts[0].token;
  for (std::size_t i = 0; i < 50; ++i) {
    const ExplainedToken& token = explained->tokens[i];
    text += token.token.bytes;
    EXPECT_EQ(token.top.size(), 3U);
    EXPECT_EQ(token.experts[0].size(), i < steered ? 2U : 1U) << i;
    ASSERT_EQ(token.attention.size(), 2U);
    EXPECT_GT(token.attention[0], 0.0);
    EXPECT_EQ(token.attention[1], 0.0);
  }
  EXPECT_THAT(sink.text, StartsWith(text));
  EXPECT_EQ(explained->expert_use.num_tokens, 50U);
}

TEST_P(WritingTest, SaysWhatIsWrongWithATraceThatItDoesNotKnow) {
  const auto error_of = [&](TokenTrace trace) {
    return run_task(model_->white_box()->explain_trace({.trace = std::move(trace)})).error().message;
  };
  EXPECT_THAT(error_of({.prompt = {1, 2}}), HasSubstr("1 to 4096 tokens"));
  EXPECT_THAT(error_of({.prompt = {1, 2}, .tokens = {9'999'999}}), HasSubstr("9999999"));
  EXPECT_THAT(error_of({.prompt = {1, 9'999'999}, .tokens = {1}}), HasSubstr("vocabulary"));
  EXPECT_THAT(error_of({.prompt = {1}, .tokens = {1}, .experts = {{.token = 0, .experts = 40}}}),
              HasSubstr("at most 4 experts"));
  EXPECT_THAT(error_of({.prompt = std::vector<std::int32_t>(3000, 1), .tokens = {1}}), HasSubstr("3000"));
  EXPECT_THAT(error_of({.prompt = {1}, .tokens = {1}, .contrast = {.strength = 1}}), HasSubstr("contrast"));
  EXPECT_THAT(error_of({.prompt = {1}, .tokens = {1}, .contrast = {.prompt = {1}, .strength = 9}}),
              HasSubstr("contrast"));
}

TEST(EngineMemory, SaysWhatAModelNeedsAndWhatIsFree) {
  const TinyTextModel file(false);
  BlockingPool pool(1);
  Metrics metrics;
  const auto small = make_engine_model_blocking({.path = file.path(), .free_bytes = 1000}, pool, metrics);
  ASSERT_FALSE(small);
  EXPECT_EQ(small.error().code, Errc::overloaded);
  EXPECT_THAT(small.error().message, HasSubstr("needs"));
  EXPECT_THAT(small.error().message, HasSubstr("1000 are free"));
  const auto narrow = make_engine_model_blocking({.path = file.path(), .key_value_bytes = 10}, pool, metrics);
  ASSERT_FALSE(narrow);
  EXPECT_THAT(narrow.error().message, HasSubstr("10 are set aside"));
}

INSTANTIATE_TEST_SUITE_P(Formats, WritingTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "TrainedForTheVerbs" : "Chat"; });

}  // namespace
}  // namespace lyceum::model
