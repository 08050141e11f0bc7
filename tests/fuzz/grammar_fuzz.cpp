#include <cstdint>
#include <random>
#include <string>

#include "base/check.hpp"
#include "base/text.hpp"
#include "model/decoding/grammar_constraint.hpp"
#include "tests/unit/model/decoding/vocabularies.hpp"

/// A GBNF grammar. One that is taken must let through only well-formed UTF-8, never lead to a dead end, and
/// have masks that agree with testing single tokens.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lyceum;
  using namespace lyceum::model;
  static const auto vocabulary = small_vocabulary();
  const std::string text(data, data + size);
  const auto constraint = grammar_constraint(text, vocabulary);
  if (!constraint) {
    LYCEUM_CHECK(constraint.error().code != Errc::internal);
    return 0;
  }
  std::mt19937_64 random(size);
  const auto walking = (*constraint)->clone();
  const Walk walk = random_walk(*walking, *vocabulary, random, 40);
  LYCEUM_CHECK(walk.has_ended || !walking->allowed().empty());
  if (walk.has_ended) LYCEUM_CHECK(is_utf8(walk.text));
  for (int i = 0; i < 20; ++i) {
    const auto token = static_cast<TokenId>(random() % vocabulary->vocab_size());
    const bool is_allowed = walking->allowed().test(token);
    LYCEUM_CHECK(walking->clone()->accept(token) == is_allowed);
  }
  return 0;
}
