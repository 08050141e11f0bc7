#include <gtest/gtest.h>

#include "base/text.hpp"
#include "model/decoding/grammar_constraint.hpp"
#include "tests/unit/model/decoding/schema_samples.hpp"
#include "tests/unit/model/decoding/vocabularies.hpp"

namespace lyceum::model {
namespace {

constexpr std::uint64_t kNumSchemas = 150;

std::unique_ptr<TokenConstraint> constraint_of(const Json& schema,
                                               std::shared_ptr<const TokenTrie> vocabulary) {
  auto constraint = json_schema_constraint(schema, std::move(vocabulary));
  EXPECT_TRUE(constraint) << constraint.error().message << " in " << dump_json(schema);
  return *std::move(constraint);
}

/// A random schema and what lets its texts through; `samples` go on with the seed.
struct SeededSchema {
  SeededSchema(std::uint64_t seed, int depth, std::shared_ptr<const TokenTrie> vocabulary)
      : samples(seed),
        schema(samples.schema(depth)),
        constraint(constraint_of(schema, std::move(vocabulary))) {}

  SchemaSamples samples;
  Json schema;
  std::unique_ptr<TokenConstraint> constraint;
};

TEST(SchemaProperties, EverythingWrittenAtRandomIsValid) {
  const auto vocabulary = small_vocabulary();
  std::size_t num_ended = 0;
  for (std::uint64_t seed = 0; seed < kNumSchemas; ++seed) {
    auto [samples, schema, constraint] = SeededSchema(seed, 3, vocabulary);
    for (int i = 0; i < 8; ++i) {
      const auto walking = constraint->clone();
      const Walk walk = random_walk(*walking, *vocabulary, samples.random(), 150);
      if (!walk.has_ended) continue;
      ++num_ended;
      const auto value = parse_json(walk.text);
      ASSERT_TRUE(value) << walk.text << " under " << dump_json(schema);
      ASSERT_TRUE(fits(*value, schema)) << walk.text << " under " << dump_json(schema);
      ASSERT_TRUE(is_utf8(walk.text));
    }
  }
  EXPECT_GT(num_ended, 4 * kNumSchemas);
}

TEST(SchemaProperties, WhatIsCutOffAnywhereIsValidWithItsShortestCompletion) {
  const auto vocabulary = small_vocabulary();
  for (std::uint64_t seed = 0; seed < kNumSchemas; ++seed) {
    auto [samples, schema, constraint] = SeededSchema(seed, 3, vocabulary);
    for (const std::size_t tokens_max : {0U, 1U, 3U, 7U, 20U}) {
      const auto walking = constraint->clone();
      Walk walk = random_walk(*walking, *vocabulary, samples.random(), tokens_max);
      const std::string completion = walking->shortest_completion();
      EXPECT_TRUE(completion.empty() || !walking->may_end());
      const auto value = parse_json(walk.text + completion);
      ASSERT_TRUE(value) << walk.text << " and " << completion << " under " << dump_json(schema);
      ASSERT_TRUE(fits(*value, schema))
          << walk.text << " and " << completion << " under " << dump_json(schema);
    }
  }
}

TEST(SchemaProperties, TheShortestCompletionClosesAndAddsOnlyWhatMustBeThere) {
  const Json schema = {
      {"type", "object"},
      {"properties",
       {{"a", {{"type", "array"}, {"items", {{"type", "string"}}}}}, {"b", {{"enum", {"long word", "it"}}}}}},
      {"required", {"a", "b"}},
      {"additionalProperties", false}};
  const auto constraint = constraint_of(schema, small_vocabulary());
  for (const char byte : std::string_view("{\"a\":[\"x"))
    constraint->accept(static_cast<unsigned char>(byte));
  EXPECT_EQ(constraint->shortest_completion(), "\"],\"b\":\"it\"}");
}

Json pairs_of_pairs(int depth) {
  Json schema = {{"type", "boolean"}};
  for (int i = 0; i < depth; ++i)
    schema = {{"type", "array"}, {"minItems", 2}, {"maxItems", 2}, {"items", std::move(schema)}};
  return schema;
}

TEST(SchemaProperties, TextsThatWouldTakeTooMuchToCloseStayAsTheyAre) {
  // 2^4, 2^16, and 2^40 values, which 32 bits do not count.
  for (const int depth : {4, 16, 40}) {
    const auto constraint = constraint_of(pairs_of_pairs(depth), small_vocabulary());
    ASSERT_TRUE(constraint->accept('['));
    EXPECT_EQ(constraint->shortest_completion().empty(), depth > 4) << depth;
  }
}

TEST(SchemaProperties, EveryValidCompactDocumentIsLetThrough) {
  const auto vocabulary = small_vocabulary();
  for (std::uint64_t seed = 0; seed < kNumSchemas; ++seed) {
    auto [samples, schema, constraint] = SeededSchema(seed, 3, vocabulary);
    for (std::uint64_t i = 0; i < 8; ++i) {
      const Json value = samples.value(schema);
      ASSERT_TRUE(lets_through(*constraint, *vocabulary, dump_json(value), i))
          << dump_json(value) << " under " << dump_json(schema);
    }
  }
}

TEST(SchemaProperties, TextsAreLetThroughOnlyIfValid) {
  const auto vocabulary = small_vocabulary();
  std::size_t num_refused = 0;
  for (std::uint64_t seed = 0; seed < kNumSchemas; ++seed) {
    auto [samples, schema, constraint] = SeededSchema(seed, 2, vocabulary);
    for (std::uint64_t i = 0; i < 8; ++i) {
      const Json value = samples.value(samples.schema(2));
      const bool is_valid = fits(value, schema);
      num_refused += is_valid ? 0 : 1;
      ASSERT_EQ(lets_through(*constraint, *vocabulary, dump_json(value), i), is_valid)
          << dump_json(value) << " under " << dump_json(schema);
    }
  }
  EXPECT_GT(num_refused, kNumSchemas);
}

TEST(SchemaProperties, MasksHoldWhatOneTestATokenFinds) {
  const auto vocabulary = small_vocabulary();
  for (std::uint64_t seed = 0; seed < kNumSchemas; ++seed) {
    auto [samples, schema, constraint] = SeededSchema(seed, 3, vocabulary);
    const std::string text = dump_json(samples.value(schema));
    for (const TokenId token : random_tokens(*vocabulary, text, samples.random())) {
      ASSERT_EQ(constraint->allowed(), tested_mask(*constraint, vocabulary->vocab_size()))
          << text << " under " << dump_json(schema);
      ASSERT_FALSE(constraint->allowed().empty());
      ASSERT_TRUE(constraint->accept(token));
    }
    ASSERT_TRUE(constraint->may_end());
  }
}

TEST(SchemaProperties, MasksNearTheLimitsOfLongCountsAreExact) {
  const auto vocabulary = small_vocabulary();
  auto made = json_schema_constraint(
      *parse_json(
          R"({"type":"array","minItems":25,"maxItems":60,"items":{"type":"string","minLength":40,"maxLength":90}})"),
      vocabulary);
  ASSERT_TRUE(made);
  const auto& constraint = *made;
  std::string text = "[";
  for (int i = 0; i < 60; ++i) {
    const std::size_t length = i % 7 == 0 ? 90 : 40 + static_cast<std::size_t>(i) % 13;
    text += (i > 0 ? ",\"" : "\"") + std::string(length, 'a') + "\"";
  }
  text += "]";
  std::mt19937_64 random(7);
  std::size_t step = 0;
  for (const TokenId token : random_tokens(*vocabulary, text, random)) {
    if (step++ % 3 == 0) {
      ASSERT_EQ(constraint->allowed(), tested_mask(*constraint, vocabulary->vocab_size())) << step;
    }
    ASSERT_TRUE(constraint->accept(token)) << step;
  }
  EXPECT_TRUE(constraint->must_end());
}

}  // namespace
}  // namespace lyceum::model
