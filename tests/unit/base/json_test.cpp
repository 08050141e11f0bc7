#include "base/json.hpp"

#include <gtest/gtest.h>

namespace lyceum {
namespace {

TEST(ParseJson, NamesTheByteOfTheError) {
  const auto parsed = parse_json(R"({"a": })");

  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::malformed);
  EXPECT_NE(parsed.error().message.find("byte 7"), std::string::npos) << parsed.error().message;
}

TEST(ParseJson, RefusesDeepNestingInsteadOfOverflowingTheStack) {
  const auto parsed = parse_json(std::string(300'000, '['));

  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::too_large);
}

TEST(FieldReader, NamesTheUnknownField) {
  const Json body = {{"question", "why"}, {"qestion", "typo"}};
  FieldReader fields(body, "body");
  fields.required_string("question", 100);

  const auto finished = fields.finish();

  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().message, "body.qestion: unknown field");
}

TEST(FieldReader, NamesTheFieldOfTheWrongType) {
  const Json body = {{"limit", "ten"}};
  FieldReader fields(body, "body");
  EXPECT_EQ(fields.integer("limit", 20, 1, 100), 20);

  const auto finished = fields.finish();

  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().message, "body.limit: expected an integer, got string");
}

TEST(FieldReader, SaysWhatIsRequired) {
  const Json body = Json::object();
  FieldReader fields(body, "body");
  fields.required_string("question", 100);

  EXPECT_EQ(fields.finish().error().message, "body.question: required");
}

}  // namespace
}  // namespace lyceum
