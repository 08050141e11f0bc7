#include "model/remote/remote_model.hpp"

#include <gtest/gtest.h>

#include "tests/support/run_task.hpp"
#include "tests/support/scripted_server.hpp"

namespace lyceum::model::remote {
namespace {

using test::respond;
using test::run_task;
using test::Script;
using test::ScriptedServer;
using test::SeenRequest;

std::string completion(const std::string& content) {
  return dump_json({{"choices", {{{"message", {{"content", content}}}}}},
                    {"usage", {{"prompt_tokens", 11}, {"completion_tokens", 3}}}});
}

std::string chunk(const std::string& text) {
  return "data: " + dump_json({{"choices", {{{"delta", {{"content", text}}}}}}}) + "\n\n";
}

const std::string kStreamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const std::string kDone =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n";

class CollectingSink final : public TextSink {
 public:
  Task<bool> on_text(std::string piece) override {
    text += piece;
    co_return text.size() < bytes_max;
  }

  std::string text;
  std::size_t bytes_max = 1'000'000;
};

/// A server that plays one script a request, in order, and the model that talks to it.
class RemoteModelTest : public testing::Test {
 protected:
  LanguageModel& play(std::vector<Script> scripts) {
    scripts_ = std::move(scripts);
    server_ = std::make_unique<ScriptedServer>([this](const SeenRequest&) {
      return next_ < scripts_.size() ? scripts_[next_++] : respond(500, "no script is left");
    });
    RemoteModelOptions options{server_->url("/v1/"), "sk-secret", "small", "embedder", 3, 5};
    model_ = make_model(std::move(options), http_,
                        [this](std::chrono::milliseconds delay) { return note(delay); });
    return *model_;
  }

  Task<void> note(std::chrono::milliseconds delay) {
    delays_.push_back(delay);
    co_return;
  }

  Json body(std::size_t request) const { return Json::parse(server_->seen().at(request).body); }

  HttpClient http_{{.allow_private = true}, ""};
  std::vector<Script> scripts_;
  std::size_t next_ = 0;
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<LanguageModel> model_;
  std::vector<std::chrono::milliseconds> delays_;
  const ChooseRequest choose_{{.system = "Judge.", .user = "Is it?"}, {"yes", "no"}};
  const WriteRequest write_{{.user = "Write."}};
  const WriteRequest write_json_{
      {.user = "Write."},
      Json::parse(R"({"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}})")};
};

TEST_F(RemoteModelTest, ChoosesFromTheLogProbabilities) {
  auto& model =
      play({respond(200, R"({"choices":[{"message":{"content":"A"},"logprobs":{"content":[{"token":"A",
    "top_logprobs":[{"token":"B","logprob":-0.2231435},{"token":"A","logprob":-1.6094379}]}]}}]})")});

  const auto choice = run_task(model.choose(choose_));

  ASSERT_TRUE(choice) << choice.error().message;
  EXPECT_NEAR(choice->probabilities[1], 0.8, 1e-6);
  EXPECT_EQ(body(0).at("logprobs"), true);
  EXPECT_EQ(body(0).at("messages").size(), 2U);
  EXPECT_EQ(server_->seen()[0].target(), "/v1/chat/completions");
  EXPECT_EQ(server_->seen()[0].header("authorization"), "Bearer sk-secret");
}

TEST_F(RemoteModelTest, ImitatesProbabilitiesWhereTheServerHasNone) {
  auto& model = play({respond(200, completion("B"))});

  const auto choice = run_task(model.choose(choose_));

  ASSERT_TRUE(choice);
  EXPECT_NEAR(choice->probabilities[1], 0.9, 1e-9);
  EXPECT_EQ(choice->usage.tokens_in, 11U);
  EXPECT_FALSE(model.info().capabilities.exact_choice);
}

TEST_F(RemoteModelTest, AsksWithoutLogprobsOnceTheyWereRefused) {
  auto& model =
      play({respond(400, "no logprobs here"), respond(200, completion("A")), respond(200, completion("A"))});

  ASSERT_TRUE(run_task(model.choose(choose_)));
  ASSERT_TRUE(run_task(model.choose(choose_)));

  EXPECT_EQ(server_->seen().size(), 3U);
  EXPECT_FALSE(body(2).contains("logprobs"));
}

TEST_F(RemoteModelTest, AnAnswerThatNamesNoOptionIsMalformed) {
  auto& model = play({respond(200, completion("Maybe"))});

  const auto choice = run_task(model.choose(choose_));

  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code, Errc::malformed);
}

TEST_F(RemoteModelTest, KeepsOnlyQuotesThatStandInTheSources) {
  const std::string claimed = R"({"quotes":[{"source":1,"text":"It was opened in 1931.","score":0.9},
    {"source":0,"text":"It was opened in 1999.","score":1},{"source":0,"text":"The  bridge is long.","score":7}]})";
  auto& model = play({respond(200, completion(claimed))});
  const QuoteRequest request{{.user = "When?"}, {"The bridge\nis long. It was opened in 1931.", "Nothing."}};

  const auto quotes = run_task(model.quote(request));

  ASSERT_TRUE(quotes) << quotes.error().message;
  ASSERT_EQ(quotes->quotes.size(), 2U);
  EXPECT_EQ(quotes->quotes[0].score, 1.0);
  const auto& second = quotes->quotes[1];
  EXPECT_EQ(request.sources[second.source].substr(second.begin, second.end - second.begin),
            "It was opened in 1931.");
}

TEST_F(RemoteModelTest, StreamsTextAndCountsTokensAsTheServerDoes) {
  auto& model =
      play({Script{{kStreamHead, chunk("Hel"), chunk("lo.").substr(0, 9), chunk("lo.").substr(9), kDone}}});
  CollectingSink sink;

  const auto written = run_task(model.write(write_, &sink));

  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->text, "Hello.");
  EXPECT_EQ(sink.text, "Hello.");
  EXPECT_EQ(written->usage.tokens_out, 4U);
}

TEST_F(RemoteModelTest, GoesOnAfterABrokenStreamWithoutRepeatingItself) {
  auto& model = play({Script{{kStreamHead, chunk("Hello, ")}},
                      Script{{kStreamHead, chunk("Hello"), "data: {\"error\":{\"message\":\"crash\"}}\n\n"}},
                      Script{{kStreamHead, chunk("Hel"), chunk("lo, wor"), chunk("ld"), kDone}}});
  CollectingSink sink;

  const auto written = run_task(model.write(write_, &sink));

  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(sink.text, "Hello, world");
  EXPECT_EQ(written->text, "Hello, world");
  EXPECT_EQ(delays_.size(), 2U);
}

TEST_F(RemoteModelTest, GivesUpWhenTheRepetitionSaysSomethingElse) {
  auto& model =
      play({Script{{kStreamHead, chunk("Hello, ")}}, Script{{kStreamHead, chunk("Good day"), kDone}}});
  CollectingSink sink;

  const auto written = run_task(model.write(write_, &sink));

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::unavailable);
  EXPECT_EQ(sink.text, "Hello, ");
}

TEST_F(RemoteModelTest, AShorterRepetitionIsSomethingElseToo) {
  auto& model = play({Script{{kStreamHead, chunk("Hello, ")}}, Script{{kStreamHead, chunk("Hello"), kDone}}});
  CollectingSink sink;

  const auto written = run_task(model.write(write_, &sink));

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::unavailable);
}

TEST_F(RemoteModelTest, ASinkThatStopsEndsTheWriteAsCancelledWithoutAnotherTry) {
  auto& model = play({Script{{kStreamHead, chunk("one "), chunk("two "), chunk("three")}, true}});
  CollectingSink sink;
  sink.bytes_max = 5;

  const auto written = run_task(model.write(write_, &sink));

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::cancelled);
  EXPECT_EQ(sink.text, "one two ");
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(RemoteModelTest, WaitsAsTheServerAsksOrTwiceAsLongEachTime) {
  auto& model =
      play({respond(429, "busy", "Retry-After: 7\r\n"), respond(500, "oops"), respond(200, completion("A"))});

  ASSERT_TRUE(run_task(model.choose(choose_)));

  EXPECT_EQ(delays_,
            (std::vector<std::chrono::milliseconds>{std::chrono::seconds(7), std::chrono::seconds(1)}));
}

TEST_F(RemoteModelTest, GivesUpAfterTheLastTry) {
  auto& model =
      play({respond(503, "down"), respond(503, "down"), respond(503, "down"), respond(200, completion("A"))});

  const auto choice = run_task(model.choose(choose_));

  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code, Errc::unavailable);
  EXPECT_EQ(server_->seen().size(), 3U);
}

TEST_F(RemoteModelTest, AnHourOfRetryAfterIsNotWaitedFor) {
  auto& model = play({respond(429, "busy", "Retry-After: 3600\r\n")});

  EXPECT_FALSE(run_task(model.choose(choose_)));

  EXPECT_TRUE(delays_.empty());
}

TEST_F(RemoteModelTest, ARefusedKeyIsNotTriedAgain) {
  auto& model = play({respond(401, "Incorrect API key provided: sk-secret")});

  const auto choice = run_task(model.choose(choose_));

  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().message.find("sk-secret"), std::string::npos);
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(RemoteModelTest, NeverFollowsARedirectWithTheKey) {
  auto& model = play({respond(307, "", "Location: /elsewhere\r\n")});

  const auto choice = run_task(model.choose(choose_));

  ASSERT_FALSE(choice);
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(RemoteModelTest, GarbageInAStreamIsTriedAgainThenUnavailable) {
  const Script garbage{{kStreamHead, "data: {not json\n\n"}};
  auto& model = play({garbage, garbage, garbage});

  const auto written = run_task(model.write(write_, nullptr));

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::unavailable);
}

TEST_F(RemoteModelTest, FeedsTheErrorBackUntilTheJsonFits) {
  auto& model = play({respond(200, completion("Sure!")), respond(200, completion(R"({"n":"two"})")),
                      respond(200, completion("```json\n{\"n\":2}\n```"))});
  CollectingSink sink;

  const auto written = run_task(model.write(write_json_, &sink));

  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->value, Json({{"n", 2}}));
  EXPECT_EQ(sink.text, R"({"n":2})");
  EXPECT_EQ(written->usage.tokens_out, 9U);
  const Json messages = body(2).at("messages");
  ASSERT_EQ(messages.size(), 5U);
  EXPECT_NE(messages[4].at("content").get<std::string>().find("result.n: must be of type integer"),
            std::string::npos);
}

TEST_F(RemoteModelTest, JsonThatNeverFitsIsMalformed) {
  auto& model =
      play({respond(200, completion("a")), respond(200, completion("b")), respond(200, completion("c"))});

  const auto written = run_task(model.write(write_json_, nullptr));

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::malformed);
}

TEST_F(RemoteModelTest, AsksWithoutAResponseFormatOnceItWasRefused) {
  auto& model = play({respond(400, "unknown field response_format"), respond(200, completion(R"({"n":1})")),
                      respond(200, completion(R"({"n":2})"))});

  ASSERT_TRUE(run_task(model.write(write_json_, nullptr)));
  ASSERT_TRUE(run_task(model.write(write_json_, nullptr)));

  EXPECT_TRUE(body(0).contains("response_format"));
  EXPECT_FALSE(body(2).contains("response_format"));
}

TEST_F(RemoteModelTest, EmbedsTextsInBatches) {
  Json first = Json::array();
  for (int i = 0; i < 64; ++i) first.push_back({{"index", i}, {"embedding", {1, 0}}});
  auto& model = play({respond(200, dump_json({{"data", first}})),
                      respond(200, R"({"data":[{"index":0,"embedding":[0,5]}]})")});

  const auto vectors = run_task(model.embed(std::vector<std::string>(65, "text")));

  ASSERT_TRUE(vectors) << vectors.error().message;
  ASSERT_EQ(vectors->size(), 65U);
  EXPECT_FLOAT_EQ(vectors->back()[1], 1.0F);
  EXPECT_EQ(body(0).at("model"), "embedder");
}

TEST_F(RemoteModelTest, AnUnansweredRequestRunsIntoItsDeadline) {
  ScriptedServer silent([](const SeenRequest&) { return Script{{}, true}; });
  const auto model = make_model({.base_url = silent.url(""), .timeout_s = 0}, http_,
                                [this](std::chrono::milliseconds delay) { return note(delay); });

  const auto choice = run_task(model->choose(choose_));

  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code, Errc::deadline_exceeded);
}

}  // namespace
}  // namespace lyceum::model::remote
