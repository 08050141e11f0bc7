#include <gtest/gtest.h>

#include "web/openai/errors.hpp"

namespace lyceum::web::openai {
namespace {

Json error_of(const Answer& answer) {
  return Json::parse(answer.body).at("error");
}

bool has_header(const Answer& answer, const std::string& name, const std::string& value) {
  return std::ranges::find(answer.headers, std::pair(name, value)) != answer.headers.end();
}

TEST(OpenAiErrors, NameTheFieldOfTheRequest) {
  const Answer answer = error_answer({Errc::invalid_argument, "body.messages[0].role: expected a string"});

  EXPECT_EQ(answer.status, 400U);
  EXPECT_EQ(error_of(answer), Json::parse(R"({"message": "messages[0].role: expected a string",
    "type": "invalid_request_error", "param": "messages[0].role", "code": "invalid_value"})"));
}

TEST(OpenAiErrors, AFieldThatCannotBeHonouredIsTheRequestsMistake) {
  const Answer answer = error_answer({Errc::unsupported, "store: is not supported"});

  EXPECT_EQ(answer.status, 400U);
  EXPECT_EQ(error_of(answer)["code"], "unsupported_value");
}

TEST(OpenAiErrors, TellClientsNotToRepeatWhatWillFailAgain) {
  const Answer answer = error_answer({Errc::unsupported, "this model does not chat"}, "model_cannot_chat");

  EXPECT_EQ(answer.status, 501U);
  EXPECT_TRUE(error_of(answer)["param"].is_null());
  EXPECT_EQ(error_of(answer)["code"], "model_cannot_chat");
  EXPECT_TRUE(has_header(answer, "x-should-retry", "false"));
  const Answer full = error_answer({Errc::overloaded, "the queue is full"});
  EXPECT_EQ(full.status, 429U);
  EXPECT_TRUE(has_header(full, "Retry-After", "1"));
}

TEST(OpenAiErrors, ARefusalOfTheServerKeepsItsStatusAndHeaders) {
  Answer native = lyceum::web::error_answer({Errc::unauthenticated, "the token is wrong"});
  native.headers.emplace_back("WWW-Authenticate", "Bearer");

  const Answer answer = in_openai_form(native);

  EXPECT_EQ(answer.status, 401U);
  EXPECT_TRUE(has_header(answer, "WWW-Authenticate", "Bearer"));
  EXPECT_EQ(error_of(answer), Json::parse(R"({"message": "the token is wrong",
    "type": "authentication_error", "param": null, "code": "invalid_api_key"})"));
}

TEST(OpenAiErrors, AnAnswerInTheRightFormStaysAsItIs) {
  const Answer made = error_answer({Errc::not_found, "model: there is no \"x\""}, "model_not_found");

  EXPECT_EQ(in_openai_form(made).body, made.body);
  EXPECT_EQ(in_openai_form(json_answer({{"data", 1}})).body, R"({"data":1})");
}

}  // namespace
}  // namespace lyceum::web::openai
