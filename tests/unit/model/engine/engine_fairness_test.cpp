// Who goes first, and what a step may hold.
#include "tests/unit/model/engine/engine_driver.hpp"

namespace lyceum::model {
namespace {

class EngineFairnessTest : public testing::Test {
 protected:
  EngineModelFixture model_{};
  const Transformer& transformer_ = model_.transformer();
};

TEST_F(EngineFairnessTest, LetsAnInteractiveRequestOvertakeThoseThatWait) {
  Engine engine(transformer_, {.num_pages = 64, .jobs_max = 1});
  std::vector<Outcome> outcomes(3);
  start(engine, request_for(prompt_of(5, 0), 20), outcomes[0], Priority::background);
  engine.step();
  start(engine, request_for(prompt_of(5, 1), 5), outcomes[1], Priority::background);
  start(engine, request_for(prompt_of(5, 2), 5), outcomes[2], Priority::interactive);
  while (!outcomes[2].end) ASSERT_TRUE(engine.step());
  EXPECT_TRUE(outcomes[1].tokens.empty());
  run(engine);
  EXPECT_TRUE(outcomes[1].is_done());
}

TEST_F(EngineFairnessTest, TakesPagesFromBackgroundWorkForAnInteractiveRequest) {
  Engine engine(transformer_, {.num_pages = 6});
  Outcome background;
  Outcome person;
  start(engine, request_for(prompt_of(190, 0), 100), background, Priority::background);
  for (int i = 0; i < 10; ++i) engine.step();
  const std::size_t written = background.tokens.size();
  start(engine, request_for(prompt_of(190, 1), 10), person, Priority::interactive);
  while (!person.end) ASSERT_TRUE(engine.step());
  EXPECT_LE(background.tokens.size(), written + 1);
  run(engine);
  EXPECT_EQ(background, alone(transformer_, request_for(prompt_of(190, 0), 100)));
  EXPECT_EQ(person, alone(transformer_, request_for(prompt_of(190, 1), 10)));
}

TEST_F(EngineFairnessTest, TakesPagesOfAPausedRequestRatherThanLetOthersWaitForEver) {
  Engine engine(transformer_, {.num_pages = 5});
  Outcome paused;
  Outcome other;
  const JobId id = start(engine, request_for(prompt_of(190, 0), 10), paused, Priority::interactive);
  for (int i = 0; i < 3; ++i) engine.step();
  engine.pause(id);
  start(engine, request_for(prompt_of(190, 1), 10), other, Priority::background);
  run(engine);
  EXPECT_TRUE(other.is_done());
  EXPECT_FALSE(paused.end);
  engine.resume(id);
  run(engine);
  EXPECT_EQ(paused, alone(transformer_, request_for(prompt_of(190, 0), 10)));
}

TEST_F(EngineFairnessTest, DecodesBesideALongPrefillAndKeepsTheStepsBudget) {
  Engine engine(transformer_, {.num_pages = 64, .step_tokens_max = 32});
  Outcome decoding;
  Outcome prefilling;
  GenerationRequest request = request_for(prompt_of(4, 0), 100);
  request.guesses_from_prompt = false;
  start(engine, std::move(request), decoding);
  engine.step();
  start(engine, request_for(prompt_of(300, 1), 5), prefilling);
  while (prefilling.tokens.empty()) {
    const std::size_t before = decoding.tokens.size();
    ASSERT_TRUE(engine.step());
    EXPECT_EQ(decoding.tokens.size(), before + 1);
    EXPECT_LE(engine.status().batch_tokens, 32U);
  }
  EXPECT_GE(decoding.tokens.size(), 9U);
}

TEST_F(EngineFairnessTest, CountsWhatItDoes) {
  Engine engine(transformer_, {.num_pages = 64});
  Outcome outcome;
  GenerationRequest request = request_for(prompt_of(10, 0), 5);
  request.guesses_from_prompt = false;
  start(engine, std::move(request), outcome);
  run(engine);
  const EngineStatus status = engine.status();
  EXPECT_EQ(status.prefill_tokens, 10U);
  EXPECT_EQ(status.decode_tokens, 5U);
  ASSERT_EQ(status.expert_tokens.size(), 2U);
  for (const auto& layer : status.expert_tokens) {
    std::uint64_t sum = 0;
    for (const std::uint64_t tokens : layer) sum += tokens;
    EXPECT_EQ(sum, 14U * 2U);
  }
}

}  // namespace
}  // namespace lyceum::model
