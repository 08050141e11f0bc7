#include "model/language_model.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace lyceum::model {
namespace {

Prompt some_prompt() {
  return {.task = "a.task"};
}

template <class Request>
std::string refusal(const Request& request) {
  const auto valid = validate(request);
  return valid ? "valid" : valid.error().message;
}

TEST(ValidateChoose, WantsTwoToTheMostDistinctOptions) {
  ChooseRequest request{some_prompt(), {"yes", "no"}};
  EXPECT_EQ(refusal(request), "valid");

  request.options = {"yes"};
  EXPECT_EQ(refusal(request), "options: 1 given, must be 2 to 64");
  request.options = {"yes", "yes"};
  EXPECT_EQ(refusal(request), "options: \"yes\" is given twice");
  request.options = {"yes", ""};
  EXPECT_EQ(refusal(request), "options: none may be empty");
}

TEST(ValidateQuote, NamesTheSourceThatIsTooLong) {
  QuoteRequest request{some_prompt(), {"short", std::string(kMaxSourceBytes + 1, 'x')}};

  EXPECT_EQ(refusal(request), "sources[1]: longer than 262144 bytes");
}

TEST(ValidateQuote, WantsASourceAndARoomForQuotes) {
  EXPECT_NE(refusal(QuoteRequest{some_prompt(), {}}).find("sources: 0 given"), std::string::npos);
  EXPECT_NE(refusal(QuoteRequest{some_prompt(), {"a"}, 0}).find("quotes_max"), std::string::npos);
}

TEST(ValidateWrite, RefusesASchemaThatIsNoObjectAndAnImpossibleTemperature) {
  WriteRequest request{some_prompt()};
  EXPECT_EQ(refusal(request), "valid");

  request.schema = "string";
  EXPECT_NE(refusal(request).find("schema"), std::string::npos);
  request.schema = nullptr;
  request.temperature = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(refusal(request).find("temperature"), std::string::npos);
}

TEST(ValidateWrite, WantsThePromptWithoutItsSourcesForAContrast) {
  WriteRequest request{some_prompt()};
  request.contrast = 1;
  EXPECT_NE(refusal(request).find("without its sources"), std::string::npos);
  request.without_sources = some_prompt();
  EXPECT_EQ(refusal(request), "valid");
  request.contrast = 5;
  EXPECT_NE(refusal(request).find("contrast"), std::string::npos);
}

TEST(ValidatePrompt, WantsATaskOrAText) {
  EXPECT_NE(refusal(WriteRequest{}).find("prompt"), std::string::npos);
  WriteRequest request{some_prompt()};
  request.prompt.slots = Json::array();
  EXPECT_NE(refusal(request).find("prompt.slots"), std::string::npos);
}

}  // namespace
}  // namespace lyceum::model
