#include <filesystem>

#include <gtest/gtest.h>

#include "model/decoding/grammar_constraint.hpp"
#include "model/decoding/quote_constraint.hpp"
#include "model/files/gguf.hpp"
#include "tests/unit/model/decoding/schema_samples.hpp"
#include "tests/unit/model/decoding/vocabularies.hpp"

namespace lyceum::model {
namespace {

/// A byte-level and a SentencePiece tokenizer of 512 tokens each.
class RealTokenizer : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string path = std::string(LYCEUM_SHARED_MODELS) + "/" + GetParam();
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no reference model " << path;
    const auto file = GgufFile::open_blocking(path);
    ASSERT_TRUE(file) << file.error().message;
    auto tokenizer = Tokenizer::from_gguf(*file);
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    tokenizer_.emplace(*std::move(tokenizer));
    vocabulary_ = TokenTrie::of(*tokenizer_);
  }

  std::optional<Tokenizer> tokenizer_{};
  std::shared_ptr<const TokenTrie> vocabulary_{};
};

TEST_P(RealTokenizer, EveryByteIsATokenAndNoSpecialTokenIsText) {
  std::array<bool, 256> found{};
  for (std::size_t i = 0; i < vocabulary_->vocab_size(); ++i) {
    const auto token = static_cast<TokenId>(i);
    const std::string_view bytes = vocabulary_->bytes_of(token);
    if (bytes.size() == 1) found[static_cast<unsigned char>(bytes[0])] = true;
    if (tokenizer_->is_special(token)) EXPECT_TRUE(bytes.empty()) << token;
  }
  EXPECT_EQ(std::count(found.begin(), found.end(), true), 256);
  EXPECT_FALSE(vocabulary_->end_tokens().empty());
}

TEST_P(RealTokenizer, JsonOfItsTokensIsLetThroughAndWalksAreValid) {
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    SchemaSamples samples(seed);
    const Json schema = samples.schema(3);
    const auto constraint = json_schema_constraint(schema, vocabulary_);
    ASSERT_TRUE(constraint) << constraint.error().message;
    const auto walking = (*constraint)->clone();
    const Walk walk = random_walk(*walking, *vocabulary_, samples.random(), 150);
    if (walk.has_ended) {
      const auto value = parse_json(walk.text);
      ASSERT_TRUE(value) << walk.text;
      EXPECT_TRUE(fits(*value, schema)) << walk.text;
    }
    const std::string text = dump_json(samples.value(schema));
    for (const TokenId token : random_tokens(*vocabulary_, text, samples.random())) {
      ASSERT_EQ((*constraint)->allowed(), tested_mask(**constraint, vocabulary_->vocab_size()));
      ASSERT_TRUE((*constraint)->accept(token));
    }
    EXPECT_TRUE((*constraint)->may_end());
  }
}

TEST_P(RealTokenizer, QuotesOfAText) {
  const std::string text =
      "The planner hands each claim to one expert – and waits. Ça va? 混合 experts answer.";
  const auto tokens = tokenizer_->encode(text);
  ASSERT_TRUE(tokens);
  const std::vector<QuoteSource> sources = {{.text = text, .tokens = *tokens}};
  const auto fresh = quote_constraint(sources, vocabulary_);
  ASSERT_TRUE(fresh) << fresh.error().message;
  for (std::size_t begin = 0; begin < tokens->size(); ++begin) {
    const auto fork = (*fresh)->clone();
    auto& quote = dynamic_cast<QuoteConstraint&>(*fork);
    std::string written;
    for (std::size_t i = begin; i < tokens->size() && quote.accept((*tokens)[i]); ++i) {
      written += vocabulary_->bytes_of((*tokens)[i]);
      for (const QuoteSpan& span : quote.occurrences()) {
        const std::string quoted = text.substr(span.begin, span.end - span.begin);
        EXPECT_TRUE(quoted == written || " " + quoted == written) << quoted;
      }
    }
    if (written.ends_with("answer.")) EXPECT_EQ(quote.span()->end, text.size());
  }
}

INSTANTIATE_TEST_SUITE_P(Models, RealTokenizer,
                         testing::Values("tiny-qwen3moe-f32.gguf", "tiny-mixtral-f32.gguf"));

}  // namespace
}  // namespace lyceum::model
