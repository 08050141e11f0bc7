#include "model/logits.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "tests/unit/model/architectures/tiny_model.hpp"

namespace lyceum::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ComputeLogits : public testing::Test {
 protected:
  ComputeLogits() { std::ofstream(path, std::ios::binary) << TinyModel().bytes(); }

  ~ComputeLogits() override { std::filesystem::remove(path); }

  const std::string path = testing::TempDir() + "logits_" + std::to_string(::getpid()) + ".gguf";
};

TEST_F(ComputeLogits, ContinuesWithTheHighestLogits) {
  const auto result = compute_logits_blocking(path, {.tokens = {1, 2, 3}, .num_greedy = 4});
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->last_logits.size(), 16U);
  ASSERT_EQ(result->greedy.size(), 4U);

  // Every continuation is what its prefix alone would give.
  std::vector<std::int32_t> tokens{1, 2, 3};
  for (const std::int32_t token : result->greedy) {
    const auto alone = compute_logits_blocking(path, {.tokens = tokens, .num_greedy = 1});
    ASSERT_TRUE(alone) << alone.error().message;
    EXPECT_EQ(alone->greedy.front(), token);
    tokens.push_back(token);
  }
}

TEST_F(ComputeLogits, SaysAllNumbersWhenTheContextIsTooSmall) {
  const auto result =
      compute_logits_blocking(path, {.tokens = std::vector<std::int32_t>(60, 1), .num_greedy = 41});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::too_large);
  EXPECT_THAT(result.error().message, AllOf(HasSubstr("60"), HasSubstr("41"), HasSubstr("100")));
  EXPECT_FALSE(compute_logits_blocking(path, {.tokens = {1}, .num_greedy = ~std::size_t{0}}));
}

TEST_F(ComputeLogits, RefusesNoTokensAndNoFile) {
  EXPECT_FALSE(compute_logits_blocking(path, {}));
  EXPECT_FALSE(compute_logits_blocking(path + ".other", {.tokens = {1}}));
}

TEST(ComputeLogitsOfText, TokenizesAsTheModelAsks) {
  const std::string name = std::string(LYCEUM_SHARED_MODELS) + "/tiny-mixtral-f32";
  if (!std::filesystem::exists(name + ".gguf")) GTEST_SKIP() << name << ".gguf is not there";
  std::ifstream text(name + ".ref.json");
  const auto prompt = nlohmann::json::parse(text)["prompts"][0];

  const auto result =
      compute_logits_blocking(name + ".gguf", {.prompt = prompt["text"].get<std::string>(), .num_greedy = 3});

  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->tokens, prompt["library"]["tokens"].get<std::vector<std::int32_t>>());
  EXPECT_EQ(result->greedy.front(), prompt["library"]["greedy"][0].get<std::int32_t>());
}

}  // namespace
}  // namespace lyceum::model
