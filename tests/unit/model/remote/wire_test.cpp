#include "model/remote/wire.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace lyceum::model::remote {
namespace {

Json with_logprobs(const Json& top) {
  return {{"choices", {{{"logprobs", {{"content", {{{"token", "A"}, {"top_logprobs", top}}}}}}}}}};
}

TEST(Probabilities, AddUpTheFormsOfALabelAndLeaveAFloorForTheUnseen) {
  const Json top = {{{"token", "A"}, {"logprob", std::log(0.5)}},
                    {{"token", " A"}, {"logprob", std::log(0.1)}},
                    {{"token", "B"}, {"logprob", std::log(0.2)}},
                    {{"token", "Hello"}, {"logprob", std::log(0.1)}}};

  const auto p = probabilities_of(with_logprobs(top), labels_of(3));

  ASSERT_TRUE(p);
  EXPECT_NEAR((*p)[0] / (*p)[1], 3.0, 1e-9);
  EXPECT_GT((*p)[2], 0);
  EXPECT_LT((*p)[2], (*p)[1]);
  EXPECT_NEAR((*p)[0] + (*p)[1] + (*p)[2], 1, 1e-9);
}

TEST(Probabilities, AreNothingWithoutLogprobsThatNameALabel) {
  EXPECT_FALSE(probabilities_of(Json::parse(R"({"choices":[{"logprobs":null}]})"), labels_of(2)));
  EXPECT_FALSE(probabilities_of(with_logprobs(Json::array()), labels_of(2)));
  EXPECT_FALSE(probabilities_of(with_logprobs({{{"token", "Sure"}, {"logprob", 0}}}), labels_of(2)));
  for (const char* odd : {"7", "null", "[]", R"({"choices":{}})", R"({"choices":[7]})",
                          R"({"choices":[{"logprobs":{"content":[{"top_logprobs":[1,{"token":1}]}]}}]})"}) {
    EXPECT_FALSE(probabilities_of(Json::parse(odd), labels_of(2))) << odd;
  }
}

TEST(Labels, AreLettersAsLongAsTheyLastThenNumbers) {
  EXPECT_EQ(labels_of(26).back(), "Z");
  EXPECT_EQ(labels_of(27).front(), "1");
  EXPECT_EQ(labels_of(64).back(), "64");
}

TEST(Imitation, ReadsTheLabelInTheFormsThatModelsWrite) {
  for (const char* answer : {"B", "B)", "(B) no", "**B**", "B. because"}) {
    const auto p = imitate_probabilities(answer, labels_of(3));
    ASSERT_TRUE(p) << answer;
    EXPECT_NEAR((*p)[1], 0.9, 1e-9);
  }
  EXPECT_FALSE(imitate_probabilities("Neither", labels_of(3)));
  EXPECT_FALSE(imitate_probabilities("", labels_of(3)));
}

TEST(JsonIn, LooksIntoAMarkdownFence) {
  EXPECT_EQ(*json_in("```json\n{\"a\":1}\n```"), Json({{"a", 1}}));
  EXPECT_EQ(*json_in("  [1]\n"), Json({1}));
  EXPECT_FALSE(json_in("```"));
  EXPECT_FALSE(json_in("Here it is: {}"));
}

TEST(Vectors, ComeInTheOrderOfTheTextsAndOfLengthOne) {
  const Json answer =
      Json::parse(R"({"data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3,4]}]})");

  const auto vectors = vectors_of(answer, 2);

  ASSERT_TRUE(vectors);
  EXPECT_FLOAT_EQ((*vectors)[0][0], 0.6F);
  EXPECT_FLOAT_EQ((*vectors)[1][1], 1.0F);
}

TEST(Vectors, RefuseWhatDoesNotFit) {
  for (const char* odd : {"null", R"({"data":[]})", R"({"data":[{"embedding":[1]},{"embedding":[1,2]}]})",
                          R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})",
                          R"({"data":[{"index":5,"embedding":[1]},{"index":0,"embedding":[1]}]})",
                          R"({"data":[{"embedding":[0]},{"embedding":[1]}]})",
                          R"({"data":[{"embedding":["x"]},{"embedding":[1]}]})"}) {
    EXPECT_FALSE(vectors_of(Json::parse(odd), 2)) << odd;
  }
}

TEST(Failure, SaysWhetherToTryAgainAndNeverShowsTheKey) {
  HttpResponse response{.status = 429, .headers = {{"retry-after", "7"}}};
  response.body = R"({"error":{"message":"key sk-secret is over its limit"}})";

  const Failure busy = failure_of(response, "sk-secret");
  EXPECT_TRUE(busy.may_retry);
  EXPECT_EQ(busy.retry_after, std::chrono::seconds(7));
  EXPECT_EQ(busy.error.message.find("sk-secret"), std::string::npos) << busy.error.message;
  EXPECT_NE(busy.error.message.find("over its limit"), std::string::npos);

  response.status = 401;
  EXPECT_FALSE(failure_of(response, "").may_retry);
  EXPECT_EQ(failure_of(response, "").error.message.find("sk-"), std::string::npos);
  response.status = 400;
  EXPECT_EQ(failure_of(response, "").error.code, Errc::invalid_argument);
  response.status = 307;
  EXPECT_EQ(failure_of(response, "").error.code, Errc::unavailable);
}

TEST(Delay, GrowsFromHalfASecondToThirtyOrAsAsked) {
  using std::chrono::milliseconds;
  EXPECT_EQ(delay_before(0, {}), milliseconds(500));
  EXPECT_EQ(delay_before(2, {}), milliseconds(2000));
  EXPECT_EQ(delay_before(40, {}), milliseconds(30'000));
  EXPECT_EQ(delay_before(0, {.retry_after = std::chrono::seconds(3)}), milliseconds(3000));
}

}  // namespace
}  // namespace lyceum::model::remote
