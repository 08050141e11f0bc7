#include <gmock/gmock.h>

#include "model/blended.hpp"
#include "tests/support/run_task.hpp"

namespace lyceum::model {
namespace {

using test::run_task;

/// Says what it was told to say.
class FixedModel final : public LanguageModel {
 public:
  explicit FixedModel(bool embeds) {
    info_.name = embeds ? "trained" : "rules";
    info_.capabilities = {.exact_choice = true, .embeds = embeds, .deterministic = true};
  }

  const ModelInfo& info() const override { return info_; }

  Task<Result<Choice>> choose(ChooseRequest) override { co_return Choice{.probabilities = probabilities}; }

  Task<Result<Quotes>> quote(QuoteRequest request) override {
    Quotes found{.quotes = quotes};
    if (found.quotes.size() > request.quotes_max) found.quotes.resize(request.quotes_max);
    co_return found;
  }

  Task<Result<Written>> write(WriteRequest, TextSink*) override { co_return Written{.text = info_.name}; }

  Task<Result<std::vector<std::vector<float>>>> embed(std::vector<std::string> texts) override {
    if (!info_.capabilities.embeds) co_return Error{Errc::unsupported, "it embeds nothing"};
    co_return std::vector<std::vector<float>>(texts.size(), {1.0F});
  }

  std::vector<double> probabilities{};
  std::vector<Quote> quotes{};

 private:
  ModelInfo info_{};
};

class BlendedModelTest : public testing::Test {
 protected:
  std::unique_ptr<LanguageModel> blended(const Blend& blend) {
    auto trained = std::make_unique<FixedModel>(true);
    auto lexical = std::make_unique<FixedModel>(false);
    trained->probabilities = {0.8, 0.2};
    lexical->probabilities = {0.4, 0.6};
    trained->quotes = {{.source = 0, .begin = 50, .end = 90, .score = 0.9},
                       {.source = 0, .begin = 0, .end = 40, .score = 0.2}};
    lexical->quotes = {{.source = 0, .begin = 0, .end = 40, .score = 0.7},
                       {.source = 0, .begin = 50, .end = 90, .score = 0.6},
                       {.source = 1, .begin = 0, .end = 40, .score = 0.5}};
    return make_blended_model(std::move(trained), std::move(lexical), blend);
  }

  static ChooseRequest choice() { return {.prompt = {.task = "claim.verdict"}, .options = {"a", "b"}}; }

  static QuoteRequest quotation(std::size_t quotes_max) {
    return {.prompt = {.task = "deep_search.evidence"}, .sources = {"x", "y"}, .quotes_max = quotes_max};
  }
};

TEST_F(BlendedModelTest, ATaskOfNoTableIsTheRules) {
  const auto model = blended({});

  EXPECT_THAT(run_task(model->choose(choice()))->probabilities, testing::ElementsAre(0.4, 0.6));
  EXPECT_EQ(run_task(model->quote(quotation(1)))->quotes[0].begin, 0U);
  EXPECT_EQ(run_task(model->write({}, nullptr))->text, "rules");
  EXPECT_EQ(run_task(model->embed({"a"})).error().code, Errc::unsupported);
  EXPECT_FALSE(model->info().capabilities.embeds);
}

TEST_F(BlendedModelTest, AWeightBelowOneMakesTheTrainedModelLessSure) {
  const auto model = blended({{"claim.verdict", {.trained = 0.5}}});

  const auto probabilities = run_task(model->choose(choice()))->probabilities;
  EXPECT_THAT(probabilities,
              testing::ElementsAre(testing::DoubleNear(2.0 / 3, 1e-9), testing::DoubleNear(1.0 / 3, 1e-9)));
}

TEST_F(BlendedModelTest, ATaskOfTheTrainedModelAloneIsItsOwn) {
  const auto model = blended({{"claim.verdict", {.trained = 1}}, {"embed", {.trained = 1}}});

  EXPECT_THAT(run_task(model->choose(choice()))->probabilities, testing::ElementsAre(0.8, 0.2));
  EXPECT_THAT(model->info().summary, testing::HasSubstr("decides claim.verdict; rules"));
  EXPECT_TRUE(model->info().capabilities.embeds);
  EXPECT_TRUE(run_task(model->embed({"a"})).has_value());
}

TEST_F(BlendedModelTest, OddsOfBothMultiply) {
  const auto model = blended({{"claim.verdict", {.trained = 1, .lexical = 0.5}}});

  const auto probabilities = run_task(model->choose(choice()))->probabilities;

  EXPECT_NEAR(probabilities[0] / probabilities[1], 4 * std::sqrt(0.4 / 0.6), 1e-12);
  EXPECT_NEAR(probabilities[0] + probabilities[1], 1, 1e-12);
}

TEST_F(BlendedModelTest, QuotesOfTheRulesComeInTheOrderOfBoth) {
  const auto model = blended({{"deep_search.evidence", {.trained = 1, .lexical = 1, .bias = 0}}});

  const auto quotes = run_task(model->quote(quotation(2)));

  ASSERT_EQ(quotes->quotes.size(), 2U);
  EXPECT_EQ(quotes->quotes[0].begin, 50U);
  EXPECT_NEAR(quotes->quotes[0].score, 1 / (1 + 1 / (9 * 1.5)), 1e-9);
  EXPECT_EQ(quotes->quotes[1].begin, 0U);
}

TEST_F(BlendedModelTest, AShortAnswerIsLookedForInTheSentencesOfBoth) {
  const auto model =
      blended({{"deep_search.evidence", {.trained = 1, .lexical = 1}}, {"reading.span", {.trained = 1}}});
  const QuoteRequest request{.prompt = {.task = "reading.span"},
                             .sources = {std::string(200, 'x'), std::string(200, 'y')},
                             .quotes_max = 1};

  const auto quotes = run_task(model->quote(request));

  ASSERT_TRUE(quotes.has_value());
  ASSERT_EQ(quotes->quotes.size(), 1U);
  EXPECT_EQ(quotes->quotes[0].begin, 50U + 50U);
  EXPECT_EQ(quotes->quotes[0].end, 50U + 90U);
  EXPECT_LT(quotes->quotes[0].score, 0.9);
}

TEST_F(BlendedModelTest, ATableIsReadAndWrittenAndBadOnesAreNamed) {
  const Blend blend{{"a", {.trained = 1, .lexical = 0.5, .bias = -1}}};

  EXPECT_EQ(*read_blend(to_json(blend)), blend);
  EXPECT_THAT(read_blend(Json{{"a", {{"trained", -1}}}}).error().message, testing::HasSubstr("blend.a"));
  EXPECT_THAT(read_blend(Json{{"a", Json::object()}}).error().message, testing::HasSubstr("above 0"));
}

}  // namespace
}  // namespace lyceum::model
