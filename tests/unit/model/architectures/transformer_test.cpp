#include "model/architectures/transformer.hpp"

#include <array>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/files/gguf.hpp"
#include "tests/unit/model/architectures/tiny_model.hpp"

namespace lyceum::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using Tokens = std::vector<std::int32_t>;

class TransformerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto file = GgufFile::parse(bytes_of(data), "x.gguf");
    ASSERT_TRUE(file) << file.error().message;
    auto loaded = Transformer::load_blocking(*std::move(file));
    ASSERT_TRUE(loaded) << loaded.error().message;
    transformer.emplace(*std::move(loaded));
  }

  Result<std::vector<float>> forward(const SequenceChunk& chunk) const {
    return transformer->forward_blocking({&chunk, 1});
  }

  const std::string data = TinyModel().bytes();
  std::optional<Transformer> transformer{};
};

TEST_F(TransformerTest, SaysBothNumbersWhenThePromptIsLongerThanTheContext) {
  const Tokens tokens(101, 3);
  KeyValueState state = transformer->new_sequence();
  const auto logits = forward({.tokens = tokens, .state = &state});
  ASSERT_FALSE(logits);
  EXPECT_EQ(logits.error().code, Errc::too_large);
  EXPECT_THAT(logits.error().message, AllOf(HasSubstr("101"), HasSubstr("100")));
  EXPECT_EQ(state.length(), 0U);
  EXPECT_TRUE(forward({.tokens = std::span(tokens).first(100), .state = &state}));
  EXPECT_FALSE(forward({.tokens = std::span(tokens).first(1), .state = &state}));
}

TEST_F(TransformerTest, RefusesTokensOutsideTheVocabulary) {
  for (const std::int32_t token : {-1, 16, std::numeric_limits<std::int32_t>::max()}) {
    const Tokens tokens{1, token};
    KeyValueState state = transformer->new_sequence();
    const auto logits = forward({.tokens = tokens, .state = &state});
    ASSERT_FALSE(logits) << token;
    EXPECT_THAT(logits.error().message, HasSubstr("token " + std::to_string(token)));
  }
}

TEST_F(TransformerTest, RefusesAnEmptyChunkAndASequenceTwiceInABatch) {
  const Tokens tokens{1, 2};
  KeyValueState state = transformer->new_sequence();
  EXPECT_FALSE(forward({.state = &state}));
  EXPECT_FALSE(transformer->forward_blocking({}));
  const std::array twice{SequenceChunk{.tokens = tokens, .state = &state},
                         SequenceChunk{.tokens = tokens, .state = &state}};
  EXPECT_FALSE(transformer->forward_blocking(twice));
}

TEST_F(TransformerTest, TakesTheNumberOfExpertsFromTheRequest) {
  const Tokens tokens{1, 2, 3, 4};
  const std::array<std::size_t, 2> own{2, 2};
  const std::array<std::size_t, 2> fewer{1, 2};
  KeyValueState a = transformer->new_sequence();
  KeyValueState b = transformer->new_sequence();
  KeyValueState c = transformer->new_sequence();
  // Different budgets in one batch.
  const std::array batch{SequenceChunk{.tokens = tokens, .state = &a},
                         SequenceChunk{.tokens = tokens, .state = &b, .experts_per_layer = own},
                         SequenceChunk{.tokens = tokens, .state = &c, .experts_per_layer = fewer}};
  const auto logits = transformer->forward_blocking(batch);
  ASSERT_TRUE(logits) << logits.error().message;
  const auto row = [&](std::ptrdiff_t index) {
    return std::vector<float>(logits->begin() + index * 16, logits->begin() + (index + 1) * 16);
  };
  EXPECT_EQ(row(0), row(1));
  EXPECT_NE(row(0), row(2));

  for (const std::array<std::size_t, 2> wrong : {std::array<std::size_t, 2>{0, 1}, {5, 1}}) {
    const auto refused = forward({.tokens = tokens, .state = &a, .experts_per_layer = wrong});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("1..4 experts"));
  }
}

TEST_F(TransformerTest, ForksASequenceByCopy) {
  const Tokens prefix{1, 2, 3};
  const Tokens left{4};
  const Tokens right{5};
  KeyValueState state = transformer->new_sequence();
  ASSERT_TRUE(forward({.tokens = prefix, .state = &state}));
  KeyValueState fork = state;
  const auto first = forward({.tokens = left, .state = &state});
  ASSERT_TRUE(forward({.tokens = right, .state = &fork}));

  KeyValueState fresh = transformer->new_sequence();
  const Tokens whole{1, 2, 3, 4};
  const auto alone = forward({.tokens = whole, .state = &fresh});
  ASSERT_TRUE(first && alone);
  EXPECT_EQ(*first, *alone);
}

}  // namespace
}  // namespace lyceum::model
