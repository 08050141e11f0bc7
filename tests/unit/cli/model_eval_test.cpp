#include "cli/eval/model_eval.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <stdlib.h>

namespace lyceum::cli {
namespace {

/// Answers from a table, as good as the test wants it to be.
class TableModel final : public model::LanguageModel {
 public:
  std::string favourite{};  ///< The option that is always chosen, if offered.
  std::string quoted{};     ///< What is quoted wherever it stands.
  std::size_t num_calls = 0;

  TableModel() { info_.capabilities.embeds = true; }

  const model::ModelInfo& info() const override { return info_; }

  Task<Result<model::Choice>> choose(model::ChooseRequest request) override {
    ++num_calls;
    const std::size_t n = request.options.size();
    model::Choice choice;
    choice.probabilities.assign(n, 0.2 / static_cast<double>(n - 1));
    const auto found = std::find_if(request.options.begin(), request.options.end(),
                                    [&](const std::string& option) { return option.starts_with(favourite); });
    choice.probabilities[found == request.options.end()
                             ? 0
                             : static_cast<std::size_t>(found - request.options.begin())] = 0.8;
    co_return choice;
  }

  Task<Result<model::Quotes>> quote(model::QuoteRequest request) override {
    ++num_calls;
    model::Quotes quotes;
    for (std::size_t source = 0; source < request.sources.size() && quotes.quotes.empty(); ++source) {
      const auto at = request.sources[source].find(quoted);
      if (at != std::string::npos)
        quotes.quotes.push_back({.source = source, .begin = at, .end = at + quoted.size(), .score = 0.9});
    }
    co_return quotes;
  }

  Task<Result<model::Written>> write(model::WriteRequest, model::TextSink*) override {
    co_return Error{Errc::unsupported, "not asked for"};
  }

  /// One dimension a letter: texts with the same letters are alike.
  Task<Result<std::vector<std::vector<float>>>> embed(std::vector<std::string> texts) override {
    std::vector<std::vector<float>> vectors;
    for (const std::string& text : texts) {
      auto& vector = vectors.emplace_back(26, 0.0F);
      for (const char c : text) {
        if (c >= 'a' && c <= 'z') vector[static_cast<std::size_t>(c - 'a')] += 1;
      }
    }
    co_return vectors;
  }

 private:
  model::ModelInfo info_{};
};

class ModelEvalTest : public ::testing::Test {
 protected:
  ModelEvalTest() { LYCEUM_CHECK(::mkdtemp(folder_.data()) != nullptr); }

  ~ModelEvalTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void write(const std::string& name, const std::vector<Json>& rows) const {
    const std::filesystem::path path = std::filesystem::path(folder_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path);
    for (const Json& row : rows) file << row.dump() << "\n";
  }

  Result<Json> evaluate(std::size_t limit = 100) {
    boost::asio::io_context io(1);
    ModelEvalOptions options{.data = folder_, .limit = limit};
    auto future =
        boost::asio::co_spawn(io, evaluate_model(options, {{"model", &model_}}), boost::asio::use_future);
    io.run();
    return future.get();
  }

  TableModel model_{};
  std::string folder_ = (std::filesystem::temp_directory_path() / "lyceum-eval-test-XXXXXX").string();
};

TEST_F(ModelEvalTest, ClaimsAreReportedBesideMajorityAndChance) {
  write("fc-fever/symmetric_test.jsonl",
        {{{"claim", "A is B."}, {"evidence", "A is B."}, {"label", "SUPPORTS"}},
         {{"claim", "A is C."}, {"evidence", "A is B."}, {"label", "REFUTES"}},
         {{"claim", "A is D."}, {"evidence", "A is B."}, {"label", "REFUTES"}}});
  model_.favourite = "supports";

  const auto report = evaluate();

  ASSERT_TRUE(report.has_value()) << report.error().message;
  const Json& task = (*report)["tasks"]["claim.symmetric_fever"];
  EXPECT_EQ(task["cases"], 3);
  EXPECT_NEAR(task["model"]["accuracy"].get<double>(), 1.0 / 3, 1e-9);
  EXPECT_NEAR(task["majority"]["accuracy"].get<double>(), 2.0 / 3, 1e-9);
  EXPECT_NEAR(task["chance"]["accuracy"].get<double>(), 0.5, 1e-9);
  EXPECT_NEAR(task["model"]["ece"].get<double>(), 0.8 - 1.0 / 3, 1e-9);
}

TEST_F(ModelEvalTest, QuotesAreJudgedByTheAnswerTheyHoldAndByWhatTheyLeaveAlone) {
  write("qa-squad/test.jsonl",
        {{{"question", "When?"}, {"context", "It is old. It was built in 1889."}, {"answers", {"1889"}}},
         {{"question", "Who?"}, {"context", "Ann built it. It is new."}, {"answers", {"Ann"}}}});
  model_.quoted = "It was built in 1889.";

  const auto report = evaluate();

  ASSERT_TRUE(report.has_value()) << report.error().message;
  const Json& figures = (*report)["tasks"]["evidence.squad"]["model"];
  EXPECT_DOUBLE_EQ(figures["first_quote_holds_answer"], 0.5);
  EXPECT_DOUBLE_EQ(figures["sentence_accuracy"], 0.5);
  EXPECT_DOUBLE_EQ(figures["quoted"], 0.5);
  EXPECT_DOUBLE_EQ(figures["quoted_foreign"], 0.5);
  EXPECT_NEAR((*report)["tasks"]["span.squad"]["model"]["f1"].get<double>(), 2 * 1.0 / 6 / 2, 1e-9);
}

TEST_F(ModelEvalTest, TheMostRelevantSentenceIsTheFirstOfEqualOnes) {
  write("qa-squad/test.jsonl",
        {{{"question", "When?"}, {"context", "It is old. It was built in 1889."}, {"answers", {"1889"}}},
         {{"question", "Who?"}, {"context", "Ann built it. It is new."}, {"answers", {"Ann"}}}});
  model_.favourite = "relevant";

  const auto report = evaluate();

  ASSERT_TRUE(report.has_value()) << report.error().message;
  const Json& task = (*report)["tasks"]["relevant.squad"];
  EXPECT_DOUBLE_EQ(task["model"]["sentence_accuracy"], 0.5);
  EXPECT_DOUBLE_EQ(task["model"]["auc"], 0.5);
  EXPECT_DOUBLE_EQ(task["majority"]["sentence_accuracy"], 0.5);
}

TEST_F(ModelEvalTest, RetrievalIsMeasuredAloneAndFusedBesideBm25) {
  write("ir-cisi/corpus.jsonl", {{{"id", 1}, {"title", "aaa"}, {"text", "bridge"}},
                                 {{"id", 2}, {"title", "zzz"}, {"text", "tower"}}});
  write("ir-cisi/queries.jsonl", {{{"id", 1}, {"query", "zzzz zzz"}, {"relevant", {2}}}});

  const auto report = evaluate();

  ASSERT_TRUE(report.has_value()) << report.error().message;
  const Json& task = (*report)["tasks"]["retrieval.cisi"];
  EXPECT_DOUBLE_EQ(task["bm25"]["ndcg_at_10"], 1);
  EXPECT_DOUBLE_EQ(task["model"]["ndcg_at_10"], 1);
  EXPECT_DOUBLE_EQ(task["model"]["fused"]["ndcg_at_10"], 1);
}

TEST_F(ModelEvalTest, ToolsAreChosenAmongTenOfWhichTheRightOneIsOne) {
  std::vector<Json> tools;
  for (char c = 'a'; c < 'a' + 15; ++c)
    tools.push_back({{"name", std::string(3, c)}, {"description", std::string("does ") + c}});
  write("tool-metatool/tools.jsonl", tools);
  write("tool-metatool/queries_single.jsonl",
        {{{"query", "do it"}, {"tool", "ccc"}}, {{"query", "do that"}, {"tool", "unknown"}}});
  model_.favourite = "ccc";

  const auto report = evaluate();

  ASSERT_TRUE(report.has_value()) << report.error().message;
  const Json& task = (*report)["tasks"]["tool.metatool"];
  EXPECT_EQ(task["cases"], 1);
  EXPECT_DOUBLE_EQ(task["model"]["accuracy"], 1);
  EXPECT_DOUBLE_EQ(task["chance"]["accuracy"], 0.1);
}

TEST_F(ModelEvalTest, SetsThatAreAbsentAreNamedAndAskedNothing) {
  const auto report = evaluate();

  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_TRUE((*report)["tasks"].empty());
  EXPECT_THAT((*report)["absent"], ::testing::Contains(Json("tool.metatool")));
  EXPECT_EQ(model_.num_calls, 0U);
}

TEST_F(ModelEvalTest, ARowOfAnotherFormIsAnErrorThatNamesTheSet) {
  write("fc-fever/symmetric_test.jsonl", {{{"claim", "A."}}});

  const auto report = evaluate();

  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, Errc::malformed);
  EXPECT_NE(report.error().message.find("fc-fever"), std::string::npos);
}

TEST_F(ModelEvalTest, TheLimitSpreadsCasesOverTheFile) {
  std::vector<Json> rows;
  for (int i = 0; i < 10; ++i)
    rows.push_back({{"claim", "A."}, {"evidence", "B."}, {"label", i < 5 ? "SUPPORTS" : "REFUTES"}});
  write("fc-fever/symmetric_test.jsonl", rows);
  model_.favourite = "supports";

  const auto report = evaluate(4);

  ASSERT_TRUE(report.has_value());
  const Json& task = (*report)["tasks"]["claim.symmetric_fever"];
  EXPECT_EQ(task["cases"], 4);
  EXPECT_DOUBLE_EQ(task["model"]["accuracy"], 0.5);
}

}  // namespace
}  // namespace lyceum::cli
