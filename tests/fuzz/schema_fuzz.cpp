#include <cstdint>
#include <random>
#include <string>

#include "base/check.hpp"
#include "base/json_schema.hpp"
#include "base/text.hpp"
#include "model/decoding/grammar_constraint.hpp"
#include "tests/unit/model/decoding/vocabularies.hpp"

/// A JSON Schema. One that is taken must let through only texts that are JSON and valid, never lead to a dead
/// end, and close what is cut off so that it is valid, too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lyceum;
  using namespace lyceum::model;
  static const auto vocabulary = small_vocabulary();
  const std::string text(data, data + size);
  const auto schema = parse_json(text);
  if (!schema) return 0;
  const auto constraint = json_schema_constraint(*schema, vocabulary);
  if (!constraint) {
    LYCEUM_CHECK(constraint.error().code != Errc::internal);
    return 0;
  }
  std::mt19937_64 random(size);
  for (int i = 0; i < 2; ++i) {
    const auto walking = (*constraint)->clone();
    Walk walk = random_walk(*walking, *vocabulary, random, 80);
    LYCEUM_CHECK(walk.has_ended || !walking->allowed().empty());
    const std::string completion = walking->shortest_completion();
    LYCEUM_CHECK(completion.empty() || !walking->may_end());
    if (!walk.has_ended && !walking->may_end() && completion.empty()) continue;
    walk.text += completion;
    LYCEUM_CHECK(is_utf8(walk.text));
    const auto value = parse_json(walk.text);
    LYCEUM_CHECK(value.has_value());
    LYCEUM_CHECK(validate_schema(*value, *schema, "value").has_value());
  }
  return 0;
}
