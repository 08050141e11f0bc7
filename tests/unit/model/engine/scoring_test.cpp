#include "model/engine/scoring.hpp"

#include <gmock/gmock.h>

#include "tests/unit/model/engine/engine_driver.hpp"

namespace lyceum::model {
namespace {

class ScoringTest : public testing::Test {
 protected:
  std::optional<Result<Scores>> score(Engine& engine, ScoreRequest request) {
    std::optional<Result<Scores>> scores;
    auto job = std::make_unique<ScoreJob>(std::move(request),
                                          [&](Result<Scores> result) { scores = std::move(result); });
    const auto id = engine.submit(std::move(job), Priority::normal);
    EXPECT_TRUE(id) << id.error().message;
    run(engine);
    return scores;
  }

  /// By the model alone, all logits of prefix and continuation at once.
  ContinuationScore alone(const std::vector<TokenId>& prefix, const std::vector<TokenId>& continuation,
                          const std::vector<TokenId>& read) {
    std::vector<TokenId> tokens = prefix;
    tokens.insert(tokens.end(), continuation.begin(), continuation.end());
    KeyValueState state = transformer_.new_sequence();
    const SequenceChunk chunk{.tokens = tokens, .state = &state, .wants_all_logits = true};
    const auto logits = transformer_.forward_blocking({&chunk, 1});
    ContinuationScore score;
    for (std::size_t i = 0; i < continuation.size(); ++i) {
      const auto row = std::span(*logits).subspan((prefix.size() - 1 + i) * 16, 16);
      score.logprobs.push_back(describe_distribution(row, continuation[i], 0)->logprob);
    }
    for (const TokenId token : read)
      score.read_logits.push_back((*logits)[(tokens.size() - 1) * 16 + static_cast<std::size_t>(token)]);
    return score;
  }

  void expect_exact(const std::optional<Result<Scores>>& scores, const ScoreRequest& request) {
    ASSERT_TRUE(scores && *scores);
    ASSERT_EQ((*scores)->continuations.size(), request.continuations.size());
    for (std::size_t i = 0; i < request.continuations.size(); ++i) {
      const auto exact = alone(request.prefix, request.continuations[i], request.read);
      EXPECT_EQ((*scores)->continuations[i].logprobs, exact.logprobs) << i;
      EXPECT_EQ((*scores)->continuations[i].read_logits, exact.read_logits) << i;
    }
  }

  static ScoreRequest many() {
    ScoreRequest request{.prefix = prompt_of(150, 1), .read = {3, 4}};
    for (std::size_t i = 0; i < 16; ++i) request.continuations.push_back(prompt_of(1 + i % 5, i));
    return request;
  }

  EngineModelFixture model_{};
  const Transformer& transformer_ = model_.transformer();
};

TEST_F(ScoringTest, ScoresEveryContinuationAsIfItWereAlone) {
  for (const std::size_t step_tokens : {3UL, 64UL, 512UL}) {
    Engine engine(transformer_, {.num_pages = 64, .step_tokens_max = step_tokens});
    expect_exact(score(engine, many()), many());
  }
}

TEST_F(ScoringTest, ComputesTheSharedPrefixOnce) {
  Engine engine(transformer_, {.num_pages = 64});
  const auto scores = score(engine, many());
  std::size_t continuations = 0;
  for (const auto& continuation : many().continuations) continuations += continuation.size();
  EXPECT_EQ((*scores)->computed_tokens, 150 + continuations);
}

TEST_F(ScoringTest, ManagesWithFewerPagesThanForks) {
  Engine engine(transformer_, {.num_pages = 6});
  ScoreRequest request = many();
  for (auto& continuation : request.continuations) continuation = prompt_of(70, continuation.size());
  expect_exact(score(engine, request), request);
}

TEST_F(ScoringTest, ReadsAfterThePrefixItselfForAnEmptyContinuation) {
  Engine engine(transformer_, {.num_pages = 64});
  const ScoreRequest request{.prefix = prompt_of(20, 1), .continuations = {{}, {5}}, .read = {1}};
  expect_exact(score(engine, request), request);
}

}  // namespace
}  // namespace lyceum::model
