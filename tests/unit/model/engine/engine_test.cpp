// Goal: no company, chunk, fork, pause, restart or loss of pages changes a bit of a generation. Method: the
// engine is driven step by step and compared with the model alone.
#include "model/engine/engine.hpp"

#include <gmock/gmock.h>

#include "tests/unit/model/engine/engine_driver.hpp"

namespace lyceum::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class EngineTest : public testing::Test {
 protected:
  EngineModelFixture model_{};
  const Transformer& transformer_ = model_.transformer();
};

TEST_F(EngineTest, GivesTheModelsOwnTokensInAnyBatchAndAnyChunks) {
  const std::size_t lengths[] = {1, 3, 63, 64, 65, 130, 200};
  for (const std::size_t step_tokens : {1UL, 7UL, 64UL, 512UL}) {
    Engine engine(transformer_, {.num_pages = 64, .step_tokens_max = step_tokens});
    std::vector<Outcome> outcomes(std::size(lengths));
    for (std::size_t i = 0; i < std::size(lengths); ++i)
      start(engine, request_for(prompt_of(lengths[i], i), 20), outcomes[i]);
    run(engine);
    for (std::size_t i = 0; i < std::size(lengths); ++i) {
      ASSERT_TRUE(outcomes[i].is_done());
      EXPECT_EQ(outcomes[i], alone(transformer_, request_for(prompt_of(lengths[i], i), 20)))
          << lengths[i] << " tokens in steps of " << step_tokens;
    }
  }
}

TEST_F(EngineTest, TakesAPrefixFromTheCacheWithoutComputingItAgain) {
  Engine engine(transformer_, {.num_pages = 64});
  std::vector<TokenId> first = prompt_of(150, 1);
  std::vector<TokenId> second = first;
  first.push_back(3);
  second.push_back(4);
  second.push_back(5);
  Outcome a;
  Outcome b;
  start(engine, request_for(first, 5), a);
  run(engine);
  const std::uint64_t before = engine.status().prefill_tokens;
  start(engine, request_for(second, 5), b);
  run(engine);
  ASSERT_TRUE(b.is_done());
  EXPECT_EQ((*b.end)->cached_tokens, 150U);
  EXPECT_EQ(engine.status().prefill_tokens - before, 2U);
  EXPECT_EQ(b, alone(transformer_, request_for(second, 5)));
}

TEST_F(EngineTest, AForkOfATextUnderWayComputesNothingOfItAgainAndTakesOnePage) {
  Engine engine(transformer_, {.num_pages = 64});
  GenerationRequest request = request_for(prompt_of(100, 1), 60);
  request.guesses_from_prompt = false;
  Outcome origin;
  start(engine, request, origin);
  while (origin.tokens.size() < 20) engine.step();
  const EngineStatus before = engine.status();
  Outcome fork;
  request.start.generated = origin.tokens;
  start(engine, request, fork);
  engine.step();
  EXPECT_EQ(engine.status().num_pages_used - before.num_pages_used, 1U);
  run(engine);

  const Outcome whole = alone(transformer_, request_for(prompt_of(100, 1), 60));
  EXPECT_EQ(origin, whole);
  EXPECT_EQ(fork.tokens, std::vector<TokenId>(whole.tokens.begin() + 20, whole.tokens.end()));
  ASSERT_TRUE(fork.is_done());
  EXPECT_EQ((*fork.end)->cached_tokens, 119U);
  EXPECT_EQ((*fork.end)->computed_tokens, 40U);
}

TEST_F(EngineTest, GoesOnAfterAPauseWithoutComputingAnythingTwice) {
  Engine engine(transformer_, {.num_pages = 64});
  Outcome outcome;
  GenerationRequest request = request_for(prompt_of(70, 2), 30);
  request.guesses_from_prompt = false;
  const JobId id = start(engine, std::move(request), outcome);
  for (int i = 0; i < 11; ++i) engine.step();
  engine.pause(id);
  EXPECT_FALSE(engine.step());
  EXPECT_FALSE(engine.step());
  EXPECT_EQ(outcome.tokens.size(), 11U);
  EXPECT_EQ(engine.status().num_paused, 1U);
  engine.resume(id);
  run(engine);
  EXPECT_EQ(outcome, alone(transformer_, request_for(prompt_of(70, 2), 30)));
  EXPECT_EQ((*outcome.end)->computed_tokens, 70U + 29U);
}

TEST_F(EngineTest, HoldsWhereTheClientAsksForIt) {
  Engine engine(transformer_, {.num_pages = 64});
  Outcome outcome;
  const JobId id = start(engine, request_for(prompt_of(10, 2), 9), outcome, Priority::normal,
                         [](const GeneratedToken& token) {
                           return token.position == 3 ? GenerationFlow::hold : GenerationFlow::go_on;
                         });
  run(engine);
  EXPECT_EQ(outcome.tokens.size(), 4U);
  engine.resume(id);
  run(engine);
  EXPECT_EQ(outcome, alone(transformer_, request_for(prompt_of(10, 2), 9)));
}

TEST_F(EngineTest, GoesOnFromACheckpointInAnotherEngine) {
  const Outcome whole = alone(transformer_, request_for(prompt_of(90, 3), 40));
  Json stored;
  Outcome before;
  {
    Engine engine(transformer_, {.num_pages = 64});
    const JobId id = start(engine, request_for(prompt_of(90, 3), 40), before);
    while (before.tokens.size() < 17) engine.step();
    engine.visit(id, [&](Job& job) { stored = dynamic_cast<GenerationJob&>(job).checkpoint().to_json(); });
    engine.step();
  }
  ASSERT_FALSE(before.end->has_value());
  EXPECT_EQ(before.end->error().code, Errc::shutting_down);
  const auto checkpoint = GenerationCheckpoint::from_json(*parse_json(dump_json(stored)));
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  Engine engine(transformer_, {.num_pages = 64, .step_tokens_max = 16});
  GenerationRequest rest;
  rest.start = *checkpoint;
  Outcome after;
  start(engine, std::move(rest), after);
  run(engine);
  std::vector<TokenId> joined = checkpoint->generated;
  joined.insert(joined.end(), after.tokens.begin(), after.tokens.end());
  EXPECT_EQ(joined, whole.tokens);
  EXPECT_TRUE(std::equal(after.logprobs.rbegin(), after.logprobs.rend(), whole.logprobs.rbegin()));
}

TEST_F(EngineTest, TakesPagesFromTheLastAndGivesTheSameTokensLater) {
  // Each needs 4 pages in the end; 6 do not hold two.
  Engine engine(transformer_, {.num_pages = 6});
  std::vector<Outcome> outcomes(3);
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    start(engine, request_for(prompt_of(100, i), 120), outcomes[i]);
  run(engine);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    ASSERT_TRUE(outcomes[i].is_done());
    EXPECT_EQ(outcomes[i], alone(transformer_, request_for(prompt_of(100, i), 120)));
  }
}

TEST_F(EngineTest, GivesGuessedTokensOnlyWhereTheyAreTheModelsOwn) {
  // A prompt that repeats itself gives drafts.
  std::vector<TokenId> prompt;
  for (int i = 0; i < 12; ++i) prompt.insert(prompt.end(), {1, 2, 3, 4, 5, 6, 7});
  for (const double temperature : {0.0, 1.0}) {
    Engine engine(transformer_, {.num_pages = 64});
    Outcome outcome;
    start(engine, request_for(prompt, 200, temperature), outcome);
    std::size_t num_steps = 0;
    while (engine.step()) ++num_steps;
    EXPECT_EQ(outcome, alone(transformer_, request_for(prompt, 200, temperature)));
    // Greedy text of so small a model runs in circles: there guesses come true.
    if (temperature == 0) EXPECT_LT(num_steps, 150U);
  }
}

TEST_F(EngineTest, RefusesWhatCanNeverFitWithBothNumbers) {
  Engine engine(transformer_, {.num_pages = 4});
  const auto submit = [&](std::size_t length, std::size_t tokens_max) {
    auto job = GenerationJob::make(request_for(prompt_of(length, 0), tokens_max), {}, 16);
    return engine.submit(*std::move(job), Priority::normal);
  };
  const auto too_long = submit(990, 20);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, Errc::too_large);
  EXPECT_THAT(too_long.error().message, AllOf(HasSubstr("1010"), HasSubstr("1000")));
  const auto too_many_pages = submit(500, 20);
  ASSERT_FALSE(too_many_pages);
  EXPECT_THAT(too_many_pages.error().message, AllOf(HasSubstr("10 pages"), HasSubstr("4")));
  EXPECT_FALSE(submit(0, 5));
  auto outside = GenerationJob::make(request_for({1, 16}, 5), {}, 16);
  EXPECT_THAT(engine.submit(*std::move(outside), Priority::normal).error().message, HasSubstr("token 16"));
}

TEST_F(EngineTest, EndsACancelledRequestAndLeavesTheOthersAlone) {
  Engine engine(transformer_, {.num_pages = 64});
  Outcome cancelled;
  Outcome other;
  const JobId id = start(engine, request_for(prompt_of(20, 1), 50), cancelled);
  start(engine, request_for(prompt_of(20, 2), 10), other);
  for (int i = 0; i < 4; ++i) engine.step();
  engine.cancel(id);
  run(engine);
  ASSERT_TRUE(cancelled.end);
  EXPECT_EQ(cancelled.end->error().code, Errc::cancelled);
  EXPECT_EQ(cancelled.tokens.size(), 4U);
  EXPECT_EQ(other, alone(transformer_, request_for(prompt_of(20, 2), 10)));
  EXPECT_EQ(engine.status().num_pages_used, 0U);
}

TEST_F(EngineTest, FailsOnlyTheRequestThatIsWrong) {
  Engine engine(transformer_, {.num_pages = 64});
  GenerationRequest wrong = request_for(prompt_of(20, 1), 10);
  wrong.controls.experts_per_layer = {9, 9};
  Outcome refused;
  Outcome thrown;
  Outcome other;
  start(engine, std::move(wrong), refused);
  start(engine, request_for(prompt_of(9, 3), 10), thrown, Priority::normal,
        [](const GeneratedToken&) -> GenerationFlow { throw std::runtime_error("client"); });
  start(engine, request_for(prompt_of(20, 2), 10), other);
  run(engine);
  EXPECT_THAT(refused.end->error().message, HasSubstr("experts"));
  EXPECT_EQ(thrown.end->error().code, Errc::internal);
  EXPECT_EQ(other, alone(transformer_, request_for(prompt_of(20, 2), 10)));
}

TEST_F(EngineTest, RefusesMoreThanTheQueueHolds) {
  Engine engine(transformer_, {.num_pages = 64, .queue_max = 1});
  Outcome outcome;
  start(engine, request_for(prompt_of(5, 1), 3), outcome);
  auto second = GenerationJob::make(request_for(prompt_of(5, 1), 3), {}, 16);
  EXPECT_EQ(engine.submit(*std::move(second), Priority::normal).error().code, Errc::overloaded);
  run(engine);
  EXPECT_TRUE(outcome.is_done());
}

}  // namespace
}  // namespace lyceum::model
