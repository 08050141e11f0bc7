#include "tools/schema.hpp"

#include <gtest/gtest.h>

namespace lyceum::tools {
namespace {

Json schema(const char* text) {
  return Json::parse(text);
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
