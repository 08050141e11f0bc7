#include <gtest/gtest.h>

#include "base/json_schema.hpp"
#include "model/decoding/grammar_constraint.hpp"
#include "tests/unit/model/decoding/vocabularies.hpp"

namespace lyceum::model {
namespace {

std::unique_ptr<TokenConstraint> constraint_of(const char* schema) {
  auto constraint = json_schema_constraint(*parse_json(schema), small_vocabulary());
  EXPECT_TRUE(constraint) << constraint.error().message;
  return constraint ? *std::move(constraint) : nullptr;
}

void expect(const char* schema, const std::vector<std::string>& good, const std::vector<std::string>& bad) {
  SCOPED_TRACE(schema);
  const auto vocabulary = small_vocabulary();
  const auto constraint = constraint_of(schema);
  ASSERT_TRUE(constraint);
  for (const std::string& text : good) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      EXPECT_TRUE(lets_through(*constraint, *vocabulary, text, seed)) << text;
    }
  }
  for (const std::string& text : bad) EXPECT_FALSE(lets_through(*constraint, *vocabulary, text)) << text;
}

void expect_error(const char* schema, Errc code, const std::string& part) {
  SCOPED_TRACE(schema);
  const auto constraint = json_schema_constraint(*parse_json(schema), small_vocabulary());
  ASSERT_FALSE(constraint);
  EXPECT_EQ(constraint.error().code, code) << constraint.error().message;
  EXPECT_NE(constraint.error().message.find(part), std::string::npos) << constraint.error().message;
}

TEST(SchemaConstraint, TypesAreWhatTheySay) {
  expect(R"({"type":"null"})", {"null"}, {"true", "\"null\"", ""});
  expect(R"({"type":"boolean"})", {"true", "false"}, {"tru", "null"});
  expect(R"({"type":["string","null"]})", {"null", "\"\"", "\"a\""}, {"1"});
  expect(R"({"type":"integer"})", {"0", "-1", "10", "9223372036854775807", "-9223372036854775808"},
         {"-0", "01", "1.0", "9223372036854775808", "-9223372036854775809", "+1", "1e3", "-"});
  expect(R"({"type":"number"})",
         {"0", "-0.5", "12.034", "1e5", "1E-5", "1e+30", "-1.5e-07", "9.5e307", "12345678901234567890"},
         {"01", ".5", "1.", "1e", "10e307", "1e308", "--1", "NaN"});
}

TEST(SchemaConstraint, IntegerBoundsHoldExactly) {
  const auto vocabulary = small_vocabulary();
  for (const auto& [first, last] : std::vector<std::pair<int, int>>{{0, 0},
                                                                    {0, 9},
                                                                    {5, 7},
                                                                    {-3, 4},
                                                                    {17, 342},
                                                                    {-250, -98},
                                                                    {-7, 0},
                                                                    {99, 101},
                                                                    {1, 1000},
                                                                    {-1, -1}}) {
    const Json schema = {{"type", "integer"}, {"minimum", first}, {"maximum", last}};
    const auto constraint = json_schema_constraint(schema, vocabulary);
    for (int value = -1100; value <= 1100; ++value) {
      ASSERT_EQ(lets_through(**constraint, *vocabulary, std::to_string(value)),
                value >= first && value <= last)
          << value << " in " << first << ".." << last;
    }
  }
  expect(R"({"type":"integer","exclusiveMinimum":2,"exclusiveMaximum":4})", {"3"}, {"2", "4", "0", "33"});
  expect(R"({"type":"integer","minimum":2.5,"maximum":3.5})", {"3"}, {"2", "4"});
  expect(R"({"type":"integer","minimum":-9223372036854775808,"maximum":-9223372036854775807})",
         {"-9223372036854775808"}, {"-9223372036854775806"});
}

TEST(SchemaConstraint, NumberBoundsHoldForFractions) {
  expect(R"({"type":"number","minimum":0,"maximum":1})", {"0", "1", "0.5", "1.0", "0.123456", "0.0"},
         {"1.1", "-0.1", "2", "-0", "1.01", "1e0"});
  expect(R"({"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1})", {"0.5", "0.001", "0.99"},
         {"0", "1", "0.0", "1.0", "0.000"});
  expect(R"({"type":"number","minimum":-2,"maximum":-1})", {"-1", "-2", "-1.5", "-2.0"},
         {"-2.5", "-0.5", "1"});
  expect(R"({"type":"number","minimum":-10,"maximum":20})", {"-10", "20", "19.99", "-9.5", "0", "-0.5"},
         {"-10.5", "20.1", "100"});
  expect(R"({"type":"number","minimum":3})", {"3", "3.5", "1000"}, {"2.9", "0", "-4"});
  expect(R"({"type":"number","maximum":-3})", {"-3", "-3.5", "-1000"}, {"-2.9", "0", "4"});
}

TEST(SchemaConstraint, StringsAreWrittenInOneWay) {
  expect(R"({"type":"string"})",
         {"\"\"", "\"abc\"", "\"\\\"\\\\\\n\"", "\"\\u0001\"", "\"é€🙂\"", "\"\x7F\""},
         {"\"a", "\"\n\"", "\"\\x\"", "\"\\/\"", "\"\\u0041\"", "\"\\ud800\"", "\"\xC3\"", "\"\xFF\"",
          "\"\xED\xA0\x80\"", "abc"});
  expect(R"({"type":"string","minLength":2,"maxLength":3})", {"\"ab\"", "\"é€🙂\"", "\"\\n\\\"\""},
         {"\"a\"", "\"abcd\"", "\"\"", "\"é\""});
  expect(R"({"type":"string","maxLength":0})", {"\"\""}, {"\"a\""});
}

TEST(SchemaConstraint, PatternsMatchAnywhereUnlessAnchored) {
  expect(R"({"type":"string","pattern":"^[a-c]{2,3}$"})", {"\"ab\"", "\"cab\""},
         {"\"a\"", "\"abca\"", "\"xab\""});
  expect(R"({"type":"string","pattern":"b+"})", {"\"b\"", "\"abba\"", "\"é\\nb\""}, {"\"a\"", "\"\""});
  expect(R"({"type":"string","pattern":"^(foo|ba[rz])?\\d$"})", {"\"foo1\"", "\"baz0\"", "\"7\""},
         {"\"bax1\"", "\"foo\""});
  expect(R"({"type":"string","pattern":"^a|b$"})", {"\"axx\"", "\"xxb\""}, {"\"xax\"", "\"bx\""});
  expect(R"({"type":"string","pattern":"^[^\"\\n]\\s$"})", {"\"a \"", "\"a\\n\""}, {"\"\\\" \"", "\"\\n \""});
  expect(R"({"type":"string","pattern":"^\\\\\"$"})", {"\"\\\\\\\"\""}, {"\"\\\"\""});
  expect(R"({"type":"string","pattern":"^\\u00e9.x?$"})", {"\"éa\"", "\"é🙂x\""}, {"\"é\\n\""});
}

TEST(SchemaConstraint, ObjectsHaveTheirPropertiesInOrder) {
  const char* schema = R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"},
    "c":{"type":"boolean"}},"required":["b"],"additionalProperties":false})";
  expect(schema,
         {R"({"b":""})", R"({"a":1,"b":"x"})", R"({"a": 1, "b": "x", "c": true})", R"({"b":"x","c":false})"},
         {"{}", R"({"a":1})", R"({"b":"x","a":1})", R"({"b":"x",})", R"({"b":"x","b":"y"})", R"({"b" :"x"})",
          R"({ "b":"x"})", R"({"b":"x" })", R"({"b":  "x"})", R"({"b":"x","d":1})"});
  expect(R"({"type":"object","additionalProperties":false})", {"{}"}, {R"({"a":1})"});
}

TEST(SchemaConstraint, OtherPropertiesMayNotTakeADeclaredName) {
  const char* schema =
      R"({"type":"object","properties":{"ab":{"type":"integer"},"abc":{"type":"null"},"é\"":{}},
    "required":["ab"],"additionalProperties":{"type":"boolean"}})";
  expect(schema,
         {R"({"ab":1})", R"({"a":true,"ab":1})", R"({"ab":1,"abcd":true,"":false})",
          R"({"":true,"ab":1,"abc":null})", R"({"ab":1,"é":true})", R"({"ab":1,"\n":true})",
          R"({"ab":1,"é\"":[1]})"},
         {R"({"ab":true})", R"({"ab":1,"ab":true})", R"({"ab":1,"abc":true})", R"({"ab":1,"x":1})",
          R"({"ab":1,"\u0061b":true})"});
  expect(R"({"type":"object","required":["x"]})", {R"({"x":[{"y":null}]})", R"({"a":1,"x":2})"},
         {"{}", R"({"y":1})"});
}

TEST(SchemaConstraint, ArraysHaveBetweenMinAndMaxItems) {
  expect(R"({"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":3})",
         {"[1]", "[1,2]", "[1, 2, 3]"}, {"[]", "[1,2,3,4]", "[1,]", "[ 1]", "[\"a\"]"});
  expect(R"({"type":"array"})", {"[]", "[1,\"a\",[null,{}]]"}, {"[", "[,]"});
  expect(R"({"type":"array","items":false})", {"[]"}, {"[1]"});
  expect(R"({"type":"array","maxItems":0})", {"[]"}, {"[1]"});
}

TEST(SchemaConstraint, EnumAndConstAreTakenLiterally) {
  expect(R"({"enum":["a","é\n",1,null,{"k":[1,2]}]})",
         {"\"a\"", "\"é\\n\"", "1", "null", R"({"k":[1,2]})", R"({"k": [1, 2]})"}, {"\"b\"", "2", "{}"});
  expect(R"({"const":"yes"})", {"\"yes\""}, {"\"no\"", "yes"});
  expect(R"({"enum":["a",1],"type":"string"})", {"\"a\""}, {"1"});
}

TEST(SchemaConstraint, AlternativesAndTheirSiblingsBothHold) {
  expect(R"({"anyOf":[{"type":"integer"},{"type":"string","maxLength":1}]})", {"1", "\"a\""},
         {"\"ab\"", "null"});
  expect(
      R"({"oneOf":[{"type":"object","properties":{"k":{"const":"a"}},"required":["k"],"additionalProperties":false},
                      {"type":"object","properties":{"k":{"const":"b"},"v":{"type":"integer"}},"required":["k","v"]}]})",
      {R"({"k":"a"})", R"({"k":"b","v":1})"}, {R"({"k":"b"})", R"({"k":"a","v":1})"});
  expect(R"({"oneOf":[{"const":null},{"type":"object"}]})", {"null", "{}"}, {"1"});
  expect(
      R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"additionalProperties":false,
             "anyOf":[{"required":["a"]},{"required":["b"]}]})",
      {R"({"a":1})", R"({"b":1})", R"({"a":1,"b":2})"}, {"{}"});
  expect(R"({"allOf":[{"type":"object","properties":{"a":{"type":"number"}},"required":["a"]},
                      {"properties":{"a":{"type":"integer","minimum":3}},"additionalProperties":false}]})",
         {R"({"a":3})"}, {R"({"a":2})", R"({"a":3.5})", R"({"a":3,"b":1})", "{}"});
}

TEST(SchemaConstraint, ReferencesMayRecur) {
  const char* tree = R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{
    "v":{"type":"integer"},"next":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/node"}]},
    "kids":{"type":"array","items":{"$ref":"#/$defs/node"}}},"required":["v"],"additionalProperties":false}}})";
  expect(tree, {R"({"v":1})", R"({"kids":[{"v":2},{"kids":[],"v":3}],"next":{"next":null,"v":2},"v":1})"},
         {R"({"next":{}})", R"({"kids":[1],"v":1})"});
  expect(R"({"type":"array","items":{"$ref":"#"}})", {"[]", "[[],[[]]]"}, {"[1]"});
  expect(R"({"definitions":{"a/b":{"type":"null"}},"$ref":"#/definitions/a~1b"})", {"null"}, {"1"});
  expect(R"({"$ref":"#/$defs/s","maxLength":2,"$defs":{"s":{"type":"string","minLength":1}}})", {"\"ab\""},
         {"\"\"", "\"abc\""});
}

TEST(SchemaConstraint, NestingStopsWhereJsonIsStillRead) {
  const auto vocabulary = small_vocabulary();
  const auto constraint = constraint_of(R"({"type":"array","items":{"$ref":"#"}})");
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };

  EXPECT_TRUE(lets_through(*constraint, *vocabulary, nested(kMaxJsonDepth)));
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth)));
  EXPECT_FALSE(lets_through(*constraint, *vocabulary, nested(kMaxJsonDepth + 1)));
}

TEST(SchemaConstraint, AnnotationsConstrainNothing) {
  expect(
      R"({"$schema":"x","title":"T","description":"d","type":"string","format":"date","default":"q","examples":[1]})",
      {"\"not a date\""}, {"1"});
  expect("true", {"1", "{}", "[null]"}, {"", "nul"});
  expect("{}", {"1", "{\"a\": [true, 1.5]}"}, {"{a:1}"});
}

TEST(SchemaConstraint, WhatIsNotSupportedIsRefusedWithItsPlace) {
  expect_error(R"({"type":"object","properties":{"a":{"type":"string","not":{}}}})", Errc::unsupported,
               "#/properties/a/not");
  expect_error(R"({"type":"array","uniqueItems":true})", Errc::unsupported, "#/uniqueItems");
  expect_error(R"({"type":"array","prefixItems":[{}]})", Errc::unsupported, "#/prefixItems");
  expect_error(R"({"type":"integer","multipleOf":2})", Errc::unsupported, "#/multipleOf");
  expect_error(R"({"type":"number","minimum":0.5})", Errc::unsupported, "#/minimum");
  expect_error(R"J({"type":"string","pattern":"(?=a)"})J", Errc::unsupported, "#/pattern");
  expect_error(R"({"type":"string","pattern":"a\\b"})", Errc::unsupported, "\\b");
  expect_error(R"J({"type":"string","pattern":"a(b"})J", Errc::malformed, "#/pattern");
  expect_error(R"({"type":"string","pattern":"a","maxLength":3})", Errc::unsupported, "#/pattern");
  expect_error(R"({"oneOf":[{"type":"integer"},{"type":"number"}]})", Errc::unsupported, "#/oneOf/1");
  expect_error(R"({"$ref":"http://example.org/x"})", Errc::unsupported, "#/$ref");
  expect_error(R"({"x":1,"type":"null"})", Errc::unsupported, "#/x");
  expect_error(R"({"enum":[{"a":1}],"properties":{"a":{"type":"string"}}})", Errc::unsupported, "properties");
}

TEST(SchemaConstraint, WrongSchemasAreRefusedWithTheirPlace) {
  expect_error(R"({"type":"text"})", Errc::invalid_argument, "#/type");
  expect_error(R"({"type":[]})", Errc::invalid_argument, "#/type");
  expect_error(R"({"enum":[]})", Errc::invalid_argument, "#/enum");
  expect_error(R"({"properties":{"a":1}})", Errc::invalid_argument, "#/properties");
  expect_error(R"({"type":"array","items":{"minLength":-1}})", Errc::invalid_argument, "#/items/minLength");
  expect_error(R"({"$ref":"#/$defs/none"})", Errc::invalid_argument, "#/$defs/none");
  expect_error("[1]", Errc::invalid_argument, "#");
}

TEST(SchemaConstraint, SchemasThatNothingSatisfiesAreRefused) {
  expect_error("false", Errc::invalid_argument, "no value");
  expect_error(R"({"type":"integer","minimum":3,"maximum":2})", Errc::invalid_argument, "#");
  expect_error(R"({"type":"string","minLength":3,"maxLength":2})", Errc::invalid_argument, "minLength");
  expect_error(R"({"type":"object","properties":{"a":false},"required":["a"]})", Errc::invalid_argument,
               "#/properties/a");
  expect_error(R"({"allOf":[{"type":"string"},{"type":"integer"}]})", Errc::invalid_argument, "no value");
  expect_error(R"({"enum":["a"],"type":"integer"})", Errc::invalid_argument, "no value");
  expect_error(R"({"type":"object","properties":{"n":{"$ref":"#"}},"required":["n"]})",
               Errc::invalid_argument, "cannot end");
  expect_error(R"({"$ref":"#"})", Errc::invalid_argument, "refers to itself");
  expect_error(R"({"anyOf":[{"$ref":"#"},{"$ref":"#"}]})", Errc::invalid_argument, "refers to itself");
}

TEST(SchemaConstraint, SchemasThatExplodeAreTooLarge) {
  expect_error(R"({"type":"array","maxItems":100000,"items":{"type":"array","maxItems":100000,
    "items":{"type":"array","maxItems":100000,"items":{"type":"array","maxItems":100000,"items":{"type":"string","maxLength":100000}}}}})",
               Errc::too_large, "states");
  expect_error(R"({"type":"object","properties":{"x":{"allOf":[{"$ref":"#"},{"title":"t","minItems":1}]},
    "y":{"allOf":[{"$ref":"#"},{"minItems":2}]}}})",
               Errc::too_large, "#/properties");
}

TEST(SchemaConstraint, EndTokensAreAllowedWhereTheTextMayEnd) {
  const auto vocabulary = small_vocabulary();
  const TokenId end = vocabulary->end_tokens().front();
  const auto constraint = constraint_of(R"({"type":"integer","minimum":1,"maximum":20})");

  EXPECT_FALSE(constraint->allowed().test(end));
  EXPECT_FALSE(constraint->accept(end));
  ASSERT_TRUE(constraint->accept('2'));
  EXPECT_TRUE(constraint->allowed().test(end));
  EXPECT_TRUE(constraint->may_end());
  EXPECT_FALSE(constraint->must_end());
  const auto fork = constraint->clone();
  ASSERT_TRUE(constraint->accept('0'));
  EXPECT_TRUE(constraint->must_end());
  ASSERT_TRUE(constraint->accept(end));
  EXPECT_TRUE(constraint->has_ended());
  EXPECT_TRUE(constraint->allowed().empty());
  EXPECT_FALSE(constraint->accept('0'));
  EXPECT_FALSE(fork->has_ended());
  EXPECT_TRUE(fork->allowed().test('0'));
}

}  // namespace
}  // namespace lyceum::model
