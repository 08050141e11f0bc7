#include "tests/unit/agents/deep_search_fixture.hpp"

namespace lyceum::agents {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kQuestion = "When was the Golden Gate Bridge opened?";

class AnswerTest : public DeepSearchTest {
 protected:
  void SetUp() override {
    ingest("Golden Gate Bridge", "The Golden Gate Bridge was opened in May 1937. It is red.");
  }

  Json proposed() { return events_of("answer.proposed").at(0); }

  Result<Json> answer(const std::string& question = kQuestion) {
    const auto context = context_for(question, {"write_file"});
    return do_step("deep_search.answer", *context);
  }
};

TEST_F(AnswerTest, EverySentenceCitesEvidence) {
  run.blackboard.evidence.push_back(
      evidence("e1", "The Golden Gate Bridge was opened in May 1937.", "Bridges", kQuestion));

  const auto result = answer();

  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(event_types(), ElementsAre("decision.made", "answer.proposed", "message.finished"));
  EXPECT_FALSE(proposed()["not_found"].get<bool>());
  ASSERT_FALSE(proposed()["sentences"].empty());
  for (const Json& sentence : proposed()["sentences"]) EXPECT_EQ(sentence["citations"], Json::array({"e1"}));
  EXPECT_THAT(events_of("message.finished")[0]["text"].get<std::string>(), HasSubstr("1937. [1]"));
  EXPECT_THAT(run.files["report.md"], HasSubstr("> The Golden Gate Bridge was opened in May 1937."));
}

/// Says of every first source that it carries the claim, and of the others that they do not.
class FixedWhiteBox final : public model::WhiteBox {
 public:
  Task<Result<model::Support>> measure_support(model::SupportRequest request) override {
    requests.push_back(request);
    if (is_broken) co_return Error{Errc::too_large, "too long"};
    model::Support support{.with_all = -1, .without_any = -2, .without_source = {-1.5}};
    support.without_source.resize(request.sources.size(), -1);
    co_return support;
  }

  Task<Result<model::Explained>> explain(model::ExplainRequest) override {
    co_return Error{Errc::unsupported, ""};
  }

  Task<Result<model::Explained>> explain_trace(model::TraceRequest) override {
    co_return Error{Errc::unsupported, ""};
  }

  std::uint32_t experts_max() const override { return 0; }

  std::vector<model::SupportRequest> requests{};
  bool is_broken = false;
};

/// The lexical model, but it measures support.
class MeasuringModel final : public model::LanguageModel {
 public:
  explicit MeasuringModel(model::LanguageModel& inner) : inner_(inner), info_(inner.info()) {
    info_.capabilities.shows_tokens = true;
  }

  const model::ModelInfo& info() const override { return info_; }

  Task<Result<model::Choice>> choose(model::ChooseRequest request) override {
    return inner_.choose(std::move(request));
  }

  Task<Result<model::Quotes>> quote(model::QuoteRequest request) override {
    return inner_.quote(std::move(request));
  }

  Task<Result<model::Written>> write(model::WriteRequest request, model::TextSink* sink) override {
    return inner_.write(std::move(request), sink);
  }

  Task<Result<std::vector<std::vector<float>>>> embed(std::vector<std::string> texts) override {
    return inner_.embed(std::move(texts));
  }

  model::WhiteBox* white_box() override { return &measuring; }

  FixedWhiteBox measuring{};

 private:
  model::LanguageModel& inner_;
  model::ModelInfo info_;
};

TEST_F(AnswerTest, SaysHowFarEachCitationCarriesItsSentenceWhereTheModelMeasuresIt) {
  const std::string quote = "The Golden Gate Bridge was opened in May 1937.";
  run.blackboard.evidence.push_back(evidence("e1", quote, "Bridges", kQuestion));
  MeasuringModel measuring(*model);
  test::FakeStepContext context(input_for(kQuestion, {"write_file"}), tools, measuring, run);

  ASSERT_TRUE(do_step("deep_search.answer", context));

  const Json sentence = proposed()["sentences"][0];
  EXPECT_EQ(sentence["measured"]["gains"], Json::array({0.5}));
  EXPECT_EQ(sentence["measured"]["without_any"], -2.0);
  ASSERT_EQ(measuring.measuring.requests.size(), proposed()["sentences"].size());
  EXPECT_THAT(measuring.measuring.requests[0].sources, ElementsAre(quote));
  EXPECT_EQ(measuring.measuring.requests[0].claim, sentence["text"].get<std::string>());

  run.events.clear();
  measuring.measuring.is_broken = true;
  test::FakeStepContext again(input_for(kQuestion, {"write_file"}), tools, measuring, run);
  ASSERT_TRUE(do_step("deep_search.answer", again));
  EXPECT_TRUE(proposed()["sentences"][0]["measured"].is_null());

  run.events.clear();
  ASSERT_TRUE(answer());
  EXPECT_TRUE(proposed()["sentences"][0]["measured"].is_null()) << "the lexical model measures nothing";
}

TEST_F(AnswerTest, WithoutEvidenceItWasNotFound) {
  const auto result = answer();

  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(proposed()["not_found"].get<bool>());
  EXPECT_EQ(proposed()["sentences"], Json::array());
  EXPECT_EQ(proposed()["gaps"], Json::array({std::string("Not found in your sources: ") + kQuestion}));
  EXPECT_TRUE(proposed()["confidence"].is_null()) << "there was nothing to be sure by";
  EXPECT_EQ(events_of("decision.made")[0]["chosen"], "not found in your sources");
  EXPECT_THAT(run.files["report.md"], HasSubstr("Not found in your sources"));
}

TEST_F(AnswerTest, EvidenceBesideThePointIsNotAnAnswer) {
  run.blackboard.evidence.push_back(evidence("e1", "Bridges are often painted red.", "Paint", kQuestion));

  ASSERT_TRUE(answer());

  EXPECT_TRUE(proposed()["not_found"].get<bool>());
}

TEST_F(AnswerTest, DroppedEvidenceIsNotUsed) {
  run.blackboard.evidence.push_back(
      evidence("e1", "The Golden Gate Bridge was opened in May 1937.", "Bridges", kQuestion));
  run.blackboard.evidence.push_back(
      evidence("e2", "The Golden Gate Bridge was opened in June 1951.", "Tales", kQuestion));
  run.blackboard.evidence[1].dropped = "a person said so";

  ASSERT_TRUE(answer());

  EXPECT_THAT(proposed().dump(), Not(HasSubstr("e2")));
  EXPECT_THAT(run.files["report.md"], Not(HasSubstr("1951")));
}

TEST_F(AnswerTest, SourcesThatDisagreeAreShownAsDisagreeing) {
  run.blackboard.evidence.push_back(
      evidence("e1", "The Golden Gate Bridge was opened in May 1937.", "Bridges", kQuestion));
  run.blackboard.evidence.push_back(
      evidence("e2", "The Golden Gate Bridge was opened in June 1951.", "Tales", kQuestion));

  ASSERT_TRUE(answer());

  ASSERT_EQ(proposed()["conflicts"].size(), 1U);
  EXPECT_EQ(proposed()["conflicts"][0]["evidence"], Json::array({"e1", "e2"}));
  const std::string message = events_of("message.finished")[0]["text"].get<std::string>();
  EXPECT_THAT(message, HasSubstr("disagree"));
  EXPECT_THAT(message, HasSubstr("1937"));
  EXPECT_THAT(message, HasSubstr("1951"));
  EXPECT_THAT(run.files["report.md"], HasSubstr("Where the sources disagree"));
}

TEST_F(AnswerTest, OneSourceDoesNotDisagreeWithItself) {
  run.blackboard.evidence.push_back(
      evidence("e1", "The Golden Gate Bridge was opened in May 1937.", "Bridges", kQuestion));
  run.blackboard.evidence.push_back(
      evidence("e2", "The Golden Gate Bridge was opened in June 1951.", "Bridges", kQuestion));
  run.blackboard.evidence[1].begin = 500;
  run.blackboard.evidence[1].end = 550;

  ASSERT_TRUE(answer());

  EXPECT_EQ(proposed()["conflicts"], Json::array());
}

TEST_F(AnswerTest, APersonsEvidenceCountsEvenWhenTheModelDoubts) {
  Evidence vouched = evidence("e1", "Ask the harbour master, he knows.", "", "");
  vouched.by = "user:anna";
  run.blackboard.evidence.push_back(vouched);

  ASSERT_TRUE(answer());

  EXPECT_FALSE(proposed()["not_found"].get<bool>());
  EXPECT_THAT(proposed()["sentences"].dump(), HasSubstr("e1"));
}

TEST_F(AnswerTest, AQuoteThatAddsToTheOthersGoesBeforeOneThatRepeatsThem) {
  for (int i = 1; i <= 6; ++i) {
    const std::string n = std::to_string(i);
    run.blackboard.evidence.push_back(
        evidence("e" + n, "The Golden Gate Bridge has lamp " + n + ".", "Lamps " + n, kQuestion));
  }
  run.blackboard.evidence.push_back(evidence("e7", "It was opened in May 1937.", "1937", kQuestion));
  run.blackboard.evidence.back().score = 0.5;

  const auto result = answer();

  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ((*result)["evidence"].size(), 5U);
  EXPECT_THAT((*result)["evidence"].dump(), HasSubstr("e7"));
}

TEST_F(AnswerTest, ASubQuestionWithoutEvidenceIsAGap) {
  run.blackboard.evidence.push_back(
      evidence("e1", "The Golden Gate Bridge was opened in May 1937.", "Bridges", kQuestion));
  for (const char* goal : {kQuestion, "Who painted the Golden Gate Bridge?"}) {
    run.blackboard.results.push_back({.step = "s",
                                      .title = goal,
                                      .goal = goal,
                                      .agent = "deep_search.find",
                                      .status = "done",
                                      .result = Json{{"text", "x"}, {"evidence", Json::array()}}});
  }

  ASSERT_TRUE(answer("When was the Golden Gate Bridge opened and who painted it?"));

  EXPECT_FALSE(proposed()["not_found"].get<bool>());
  EXPECT_EQ(proposed()["gaps"],
            Json::array({"Not found in your sources: Who painted the Golden Gate Bridge?"}));
}

/// Writes what it is told, whatever the evidence.
class StubbornContext final : public DirectContext {
 public:
  using DirectContext::DirectContext;

  Json sentences = Json::array();
  std::vector<model::WriteRequest> requests{};

  Task<Result<model::Written>> write(model::WriteRequest request, std::string message) override {
    requests.push_back(std::move(request));
    static_cast<void>(message);
    co_return model::Written{.value = Json{{"sentences", sentences}}};
  }
};

TEST_F(AnswerTest, TheWriterGetsTheSamePromptWithItsQuotesHidden) {
  run.blackboard.evidence.push_back(
      evidence("e1", "The Golden Gate Bridge was opened in May 1937.", "Bridges", kQuestion));
  StubbornContext context(input_for(kQuestion, {"write_file"}), tools, *model, run);

  ASSERT_TRUE(do_step("deep_search.answer", context));

  ASSERT_EQ(context.requests.size(), 1U);
  const model::WriteRequest& request = context.requests[0];
  EXPECT_THAT(request.prompt.user, HasSubstr("May 1937"));
  ASSERT_TRUE(request.without_sources);
  EXPECT_THAT(request.without_sources->user, AllOf(HasSubstr(kQuestion), Not(HasSubstr("May 1937"))));
  EXPECT_EQ(request.without_sources->slots["evidence"][0]["quote"], "");
  EXPECT_EQ(request.without_sources->slots["question"], request.prompt.slots["question"]);
  EXPECT_EQ(request.contrast, 0.0) << "the run decides";
}

TEST_F(AnswerTest, ASentenceWithoutAValidCitationIsTakenOutAndNamedAsAGap) {
  run.blackboard.evidence.push_back(
      evidence("e1", "The Golden Gate Bridge was opened in May 1937.", "Bridges", kQuestion));
  StubbornContext context(input_for(kQuestion, {"write_file"}), tools, *model, run);
  context.sentences = Json::parse(R"([{"text":"It was opened in 1937.","citations":[1,1,7]},
                                      {"text":"It is the longest of all.","citations":[9]},{"text":"Trust me.","citations":[]}])");

  ASSERT_TRUE(do_step("deep_search.answer", context));

  ASSERT_EQ(proposed()["sentences"].size(), 1U);
  EXPECT_EQ(proposed()["sentences"][0]["citations"], Json::array({"e1"}));
  EXPECT_EQ(proposed()["sentences"][0]["support"], 1.0);
  EXPECT_EQ(proposed()["gaps"].size(), 2U);
  EXPECT_THAT(proposed()["gaps"][0].get<std::string>(), HasSubstr("longest of all"));
}

TEST_F(AnswerTest, AnAnswerWithoutOneValidSentenceIsNotFound) {
  run.blackboard.evidence.push_back(
      evidence("e1", "The Golden Gate Bridge was opened in May 1937.", "Bridges", kQuestion));
  StubbornContext context(input_for(kQuestion, {"write_file"}), tools, *model, run);
  context.sentences = Json::parse(R"([{"text":"Trust me.","citations":[]}])");

  ASSERT_TRUE(do_step("deep_search.answer", context));

  EXPECT_TRUE(proposed()["not_found"].get<bool>());
}

TEST_F(AnswerTest, TextOfSourcesDoesNotBecomeMarkupOfTheReport) {
  run.blackboard.evidence.push_back(evidence(
      "e1",
      "The Golden Gate Bridge was opened in May 1937 <script>alert(1)</script> ![x](http://evil.example).",
      "Bridges", kQuestion));

  ASSERT_TRUE(answer());

  EXPECT_THAT(run.files["report.md"], Not(HasSubstr("<script>")));
  EXPECT_THAT(run.files["report.md"], Not(HasSubstr("![x](")));
}

TEST_F(AnswerTest, CancelledAtAnyCallItReturnsAtOnce) {
  const auto fill = [this] {
    run = {};
    run.blackboard.evidence.push_back(
        evidence("e1", "The Golden Gate Bridge was opened in May 1937.", "Bridges", kQuestion));
    run.blackboard.evidence.push_back(
        evidence("e2", "The Golden Gate Bridge was opened in June 1951.", "Tales", kQuestion));
  };
  fill();
  const auto whole = context_for(kQuestion, {"write_file"});
  ASSERT_TRUE(do_step("deep_search.answer", *whole));
  for (std::size_t at = 0; at < whole->calls.size(); ++at) {
    fill();
    const auto context = context_for(kQuestion, {"write_file"});
    context->cancelled_from = at;
    const auto result = do_step("deep_search.answer", *context);
    ASSERT_FALSE(result) << at;
    EXPECT_EQ(result.error().code, Errc::cancelled);
    EXPECT_EQ(context->calls.size(), at + 1);
  }
}

TEST_F(AnswerTest, AWholeRunAnswersFromTheStore) {
  const auto whole =
      test::run_task(run_directly(agents, tools, *model, "deep_search", kQuestion, {"library"}));

  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->events.front().type, "question.understood");
  EXPECT_EQ(whole->events.back().type, "message.finished");
  EXPECT_THAT(whole->events.back().data["text"].get<std::string>(), HasSubstr("1937"));
}

}  // namespace
}  // namespace lyceum::agents
