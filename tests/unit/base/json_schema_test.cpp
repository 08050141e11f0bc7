#include "base/json_schema.hpp"

#include <gtest/gtest.h>

namespace lyceum {
namespace {

std::string why(const char* value, const char* schema) {
  const auto valid = validate_schema(Json::parse(value), Json::parse(schema), "v");
  return valid ? "valid" : valid.error().message;
}

TEST(JsonSchema, NamesThePathThatBreaksIt) {
  const char* schema = R"({"type":"object","required":["list"],"additionalProperties":false,
    "properties":{"list":{"type":"array","items":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}}})";

  EXPECT_EQ(why(R"({"list":[{"n":1},{"n":2.0}]})", schema), "valid");
  EXPECT_EQ(why(R"({"list":[{"n":1},{"n":"x"}]})", schema), "v.list[1].n: must be of type integer");
  EXPECT_EQ(why(R"({"list":[{}]})", schema), "v.list[0].n: required");
  EXPECT_EQ(why(R"({})", schema), "v.list: required");
  EXPECT_EQ(why(R"({"list":[],"more":1})", schema), "v.more: unknown field");
}

TEST(JsonSchema, BoundsNumbersTextsAndLists) {
  EXPECT_EQ(why("0", R"({"type":"integer","minimum":1})"), "v: must be at least 1");
  EXPECT_EQ(why("18446744073709551615", R"({"type":"integer","maximum":10})"), "v: must be at most 10");
  EXPECT_EQ(why("1e300", R"({"type":"integer"})"), "v: must be of type integer");
  EXPECT_EQ(why(R"("éé")", R"({"maxLength":2})"), "valid");
  EXPECT_EQ(why(R"("ééé")", R"({"maxLength":2})"), "v: may have at most 2 characters");
  EXPECT_EQ(why("[1,2]", R"({"maxItems":1})"), "v: may have at most 1 items");
  EXPECT_EQ(why("[]", R"({"minItems":1})"), "v: needs at least 1 items");
  EXPECT_EQ(why(R"("c")", R"({"enum":["a","b"]})"), R"(v: must be one of ["a","b"])");
  EXPECT_EQ(why("null", R"({"type":["string","null"]})"), "valid");
}

TEST(JsonSchema, TakesSchemasOfAnyShape) {
  for (const char* schema :
       {"7", "null", "[]", R"({"type":7})", R"({"type":[7]})", R"({"required":"a"})", R"({"required":[1]})",
        R"({"properties":[]})", R"({"properties":{"a":7}})", R"({"items":"x"})", R"({"enum":3})",
        R"({"minimum":"x","maxItems":{},"minLength":[]})"}) {
    for (const char* value : {"1", "\"text\"", "[1,[2]]", R"({"a":{"b":1}})", "null"}) why(value, schema);
  }
}

TEST(JsonSchema, ASchemaThatOnlyRefusesFieldsOfOtherTypes) {
  const char* schema = R"({"additionalProperties":{"type":"string"}})";

  EXPECT_EQ(why(R"({"a":"x"})", schema), "valid");
  EXPECT_EQ(why(R"({"a":1})", schema), "v.a: must be of type string");
}

}  // namespace
}  // namespace lyceum
