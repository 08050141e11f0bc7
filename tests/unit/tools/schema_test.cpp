#include "tools/schema.hpp"

#include <gtest/gtest.h>

#include "tools/registry.hpp"

namespace lyceum::tools {
namespace {

Json schema(const char* text) {
  return Json::parse(text);
}

std::string why(const char* value, const Json& against) {
  const auto outcome = validate_schema(Json::parse(value), against, "args");
  return outcome ? "valid" : outcome.error().message;
}

TEST(Schema, NamesThePathOfWhatIsMissingOrUnknown) {
  const Json object = schema(R"({"type":"object","required":["a"],"additionalProperties":false,
      "properties":{"a":{"type":"object","required":["b"],"properties":{"b":{"type":"string"}}}}})");

  EXPECT_EQ(why(R"({"a":{"b":"x"}})", object), "valid");
  EXPECT_EQ(why(R"({})", object), "args.a: required");
  EXPECT_EQ(why(R"({"a":{}})", object), "args.a.b: required");
  EXPECT_EQ(why(R"({"a":{"b":1}})", object), "args.a.b: must be of type string");
  EXPECT_EQ(why(R"({"a":{"b":""},"c":1})", object), "args.c: unknown field");
  EXPECT_EQ(why("[]", object), "args: must be of type object");
}

TEST(Schema, BoundsNumbersTextsAndLists) {
  EXPECT_EQ(why("0", schema(R"({"type":"integer","minimum":1})")), "args: must be at least 1");
  EXPECT_EQ(why("1e300", schema(R"({"type":"integer"})")), "args: must be of type integer");
  EXPECT_EQ(why("2.0", schema(R"({"type":"integer","maximum":2})")), "valid");
  EXPECT_EQ(why("2.5", schema(R"({"type":"integer"})")), "args: must be of type integer");
  EXPECT_EQ(why("18446744073709551615", schema(R"({"type":"integer","maximum":10})")),
            "args: must be at most 10");
  EXPECT_EQ(why(R"("éé")", schema(R"({"type":"string","maxLength":2})")), "valid");
  EXPECT_EQ(why(R"("ééé")", schema(R"({"type":"string","maxLength":2})")),
            "args: must have at most 2 characters");
  EXPECT_EQ(why(R"(["a",1])", schema(R"({"type":"array","items":{"type":"string"}})")),
            "args[1]: must be of type string");
  EXPECT_EQ(why("[1,2]", schema(R"({"type":"array","maxItems":1})")), "args: must have at most 1 items");
  EXPECT_EQ(why(R"("c")", schema(R"({"enum":["a","b"]})")), R"(args: must be one of ["a","b"])");
  EXPECT_EQ(why("null", schema(R"({"type":["string","null"]})")), "valid");
}

TEST(Schema, AKeywordThatWouldBeIgnoredIsNotUsable) {
  EXPECT_TRUE(is_usable_schema(schema(R"({"type":"string","maxLength":3,"description":"x"})")));
  EXPECT_FALSE(is_usable_schema(schema(R"({"type":"string","pattern":"^a"})")));
  EXPECT_FALSE(is_usable_schema(schema(R"({"type":"text"})")));
  EXPECT_FALSE(is_usable_schema(schema(R"({"properties":{"a":{"oneOf":[]}}})")));
  EXPECT_FALSE(is_usable_schema(schema(R"({"additionalProperties":{"type":"string"}})")));
  EXPECT_FALSE(is_usable_schema(schema("true")));
}

}  // namespace
}  // namespace lyceum::tools
