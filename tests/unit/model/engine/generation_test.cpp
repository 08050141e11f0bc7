// What a single generation can be asked for.
#include <cmath>

#include <gmock/gmock.h>

#include "model/decoding/grammar_constraint.hpp"
#include "model/engine/contrast.hpp"
#include "model/engine/embedding.hpp"
#include "model/engine/prompt_lookup.hpp"
#include "model/engine/tracing.hpp"
#include "tests/unit/model/engine/engine_driver.hpp"

namespace lyceum::model {
namespace {

class GenerationTest : public testing::Test {
 protected:
  std::vector<float> embed(std::vector<TokenId> tokens, std::size_t step_tokens) {
    Engine engine(transformer_, {.num_pages = 64, .step_tokens_max = step_tokens});
    std::vector<float> vector;
    auto job = std::make_unique<EmbeddingJob>(
        std::move(tokens), [&](Result<std::vector<float>> result) { vector = *std::move(result); });
    EXPECT_TRUE(engine.submit(std::move(job), Priority::normal));
    run(engine);
    return vector;
  }

  EngineModelFixture model_{};
  const Transformer& transformer_ = model_.transformer();
};

TEST_F(GenerationTest, EndsAtAnEndTokenThatIsNoPartOfTheText) {
  const Outcome whole = alone(transformer_, request_for(prompt_of(30, 1), 40));
  Engine engine(transformer_, {.num_pages = 64});
  GenerationRequest request = request_for(prompt_of(30, 1), 40);
  request.end_tokens = {whole.tokens[12]};
  const std::size_t first =
      static_cast<std::size_t>(std::ranges::find(whole.tokens, whole.tokens[12]) - whole.tokens.begin());
  Outcome outcome;
  start(engine, std::move(request), outcome);
  run(engine);
  ASSERT_TRUE(outcome.is_done());
  EXPECT_EQ((*outcome.end)->reason, GenerationStop::end_token);
  EXPECT_EQ((*outcome.end)->generated_tokens, first);
}

// Goal: the highest logits alone make the text that whole rows make. Method: probabilities ask for whole
// rows; a prompt that repeats itself, so that several rows come at once for drafts.
TEST_F(GenerationTest, WritesTheSameFromTheHighestLogitsAlone) {
  std::vector<TokenId> prompt = prompt_of(20, 1);
  prompt.insert(prompt.end(), prompt.begin(), prompt.end());
  for (const SamplerParameters& sampling :
       {SamplerParameters{.temperature = 0}, SamplerParameters{.temperature = 0.8, .top_k = 6, .seed = 4}}) {
    const auto write = [&](bool wants_logprobs) {
      Engine engine(transformer_, {.num_pages = 64});
      GenerationRequest request = request_for(prompt, 40);
      request.start.sampling = sampling;
      request.start.sampling.wants_logprobs = wants_logprobs;
      Outcome outcome;
      Outcome other;
      start(engine, std::move(request), outcome);
      start(engine, request_for(prompt_of(25, 3), 30), other);
      run(engine);
      return outcome.tokens;
    };
    const auto tokens = write(false);
    EXPECT_EQ(tokens.size(), 40U);
    EXPECT_EQ(tokens, write(true));
  }
}

TEST_F(GenerationTest, ChangesItsExpertsFromATokenOnWhateverHappensToItsPages) {
  const auto generate = [&](std::size_t num_pages, bool with_company) {
    Engine engine(transformer_, {.num_pages = num_pages});
    Outcome outcome;
    Outcome company;
    const JobId id = start(engine, request_for(prompt_of(100, 4), 60), outcome);
    while (outcome.tokens.size() < 20) engine.step();
    // Exactly after the 20th token: drafts could have brought more.
    engine.visit(id, [](Job& job) {
      dynamic_cast<GenerationJob&>(job).set_controls({.experts_per_layer = {1, 1}});
    });
    if (with_company) start(engine, request_for(prompt_of(150, 5), 60), company, Priority::interactive);
    run(engine);
    return outcome;
  };
  const Outcome undisturbed = generate(64, false);
  EXPECT_EQ(undisturbed, generate(5, true));
  const Outcome own = alone(transformer_, request_for(prompt_of(100, 4), 60));
  EXPECT_NE(undisturbed.logprobs, own.logprobs);
  EXPECT_TRUE(std::equal(own.logprobs.begin(), own.logprobs.begin() + 20, undisturbed.logprobs.begin()));
}

TEST_F(GenerationTest, NeverUsesABannedExpert) {
  Engine engine(transformer_, {.num_pages = 64});
  const float ban = -std::numeric_limits<float>::infinity();
  GenerationRequest request = request_for(prompt_of(40, 1), 20);
  request.controls.expert_bias = {0, ban, 0, 0, 0, 0, 0, ban};
  Outcome outcome;
  start(engine, std::move(request), outcome);
  run(engine);
  ASSERT_TRUE(outcome.is_done());
  const auto used = engine.status().expert_tokens;
  EXPECT_EQ(used[0][1], 0U);
  EXPECT_EQ(used[1][3], 0U);
  EXPECT_GT(used[0][0] + used[0][2] + used[0][3], 0U);
}

TEST_F(GenerationTest, DoesNotShareKeysBetweenRoutings) {
  Engine engine(transformer_, {.num_pages = 64});
  Outcome first;
  Outcome second;
  start(engine, request_for(prompt_of(100, 1), 5), first);
  run(engine);
  GenerationRequest fewer = request_for(prompt_of(100, 1), 5);
  fewer.controls.experts_per_layer = {1, 1};
  start(engine, std::move(fewer), second);
  run(engine);
  EXPECT_EQ((*second.end)->cached_tokens, 0U);
  EXPECT_NE(first.logprobs, second.logprobs);
}

TEST_F(GenerationTest, ShowsRoutesHiddenStatesAndAttentionOfEachToken) {
  Engine engine(transformer_, {.num_pages = 64});
  GenerationRequest request = request_for(prompt_of(20, 1), 4);
  request.taps.wants_routes = true;
  request.taps.hidden_layers = {1};
  request.taps.attention_spans = {{.begin = 0, .end = 10}, {.begin = 10, .end = 1000}};
  Outcome outcome;
  std::size_t num_seen = 0;
  start(engine, std::move(request), outcome, Priority::normal, [&](const GeneratedToken& token) {
    ++num_seen;
    EXPECT_EQ(token.taps->routes[1].top_k, 2U);
    EXPECT_EQ(token.taps->routes[1].experts.size(), (token.tap_row + 1) * 2);
    EXPECT_EQ(token.taps->hidden[0].size(), (token.tap_row + 1) * 8);
    const double* mass = &token.taps->attention_mass[token.tap_row * 2];
    EXPECT_NEAR(mass[0] + mass[1], 1.0, 1e-6);
    EXPECT_GT(mass[0], 0.0);
    return GenerationFlow::go_on;
  });
  run(engine);
  EXPECT_EQ(num_seen, 4U);
  EXPECT_EQ(outcome, alone(transformer_, request_for(prompt_of(20, 1), 4)));
}

TEST_F(GenerationTest, ContrastsTwoContextsTheSameInAnyChunks) {
  const auto generate = [&](std::size_t step_tokens, std::vector<TokenId> without) {
    Engine engine(transformer_, {.num_pages = 64, .step_tokens_max = step_tokens});
    GenerationRequest request = request_for(prompt_of(80, 1), 20, 0);
    request.contrast = Contrast{.prompt_without = std::move(without)};
    Outcome outcome;
    start(engine, std::move(request), outcome);
    run(engine);
    EXPECT_TRUE(outcome.is_done());
    return outcome;
  };
  EXPECT_EQ(generate(512, prompt_of(9, 7)), generate(5, prompt_of(9, 7)));
  // The same context on both sides says nothing new: the divergence is 0.
  EXPECT_EQ(generate(512, prompt_of(80, 1)).tokens,
            alone(transformer_, request_for(prompt_of(80, 1), 20, 0)).tokens);
}

TEST_F(GenerationTest, ShowsAContrastedTextAgainToTheSameBits) {
  constexpr std::size_t kTokens = 150;  // More than are described at once.
  const Contrast contrast{.prompt_without = {5}, .strength = 3};
  Engine engine(transformer_, {.num_pages = 64});
  GenerationRequest request = request_for(prompt_of(80, 1), kTokens);
  request.contrast = contrast;
  Outcome outcome;
  std::vector<double> divergences;
  start(engine, std::move(request), outcome, Priority::normal, [&](const GeneratedToken& token) {
    divergences.push_back(token.contrast);
    return GenerationFlow::go_on;
  });
  run(engine);
  ASSERT_TRUE(outcome.is_done());

  for (const std::size_t step_tokens : {std::size_t{512}, std::size_t{7}}) {
    Engine again(transformer_, {.num_pages = 64, .step_tokens_max = step_tokens});
    TraceJobRequest trace{.prompt = prompt_of(80, 1), .tokens = outcome.tokens, .contrast = contrast};
    std::optional<Result<std::vector<TracedToken>>> traced;
    const auto on_end = [&](Result<std::vector<TracedToken>> tokens) { traced = std::move(tokens); };
    ASSERT_TRUE(again.submit(std::make_unique<TraceJob>(std::move(trace), on_end), Priority::normal));
    run(again);
    ASSERT_TRUE(traced && *traced);
    ASSERT_EQ((*traced)->size(), kTokens);
    for (std::size_t i = 0; i < kTokens; ++i) {
      EXPECT_EQ((**traced)[i].described.logprob, outcome.logprobs[i]) << i;
      EXPECT_EQ((**traced)[i].contrast, divergences[i]) << i;
    }
  }
}

TEST(ContrastTest, MeasuresTheDivergenceInBits) {
  const std::vector<float> a{50, 0};
  const std::vector<float> b{0, 50};
  EXPECT_NEAR(jensen_shannon_divergence(a, b), 1.0, 1e-12);
  EXPECT_EQ(jensen_shannon_divergence(a, a), 0.0);
}

TEST_F(GenerationTest, EmbedsTheSameInAnyChunks) {
  const auto whole = embed(prompt_of(150, 1), 512);
  ASSERT_EQ(whole.size(), 8U);
  double square = 0;
  for (const float value : whole) square += static_cast<double>(value) * static_cast<double>(value);
  EXPECT_NEAR(square, 1.0, 1e-6);
  EXPECT_EQ(embed(prompt_of(150, 1), 11), whole);
  EXPECT_NE(embed(prompt_of(150, 2), 512), whole);
}

TEST_F(GenerationTest, KeepsToItsConstraintWhichRequestsShareAndACheckpointGoesOnIn) {
  std::vector<std::string> letters;
  for (char letter = 'a'; letter < 'a' + 16; ++letter) letters.emplace_back(1, letter);
  auto made = grammar_constraint("root ::= [abc]{20}", TokenTrie::of(letters, {15}));
  ASSERT_TRUE(made) << made.error().message;
  const std::shared_ptr<const TokenConstraint> constraint = *std::move(made);
  const auto generate = [&](std::vector<TokenId> generated) {
    Engine engine(transformer_, {.num_pages = 64});
    std::vector<Outcome> outcomes(2);
    for (Outcome& outcome : outcomes) {
      GenerationRequest request = request_for(prompt_of(30, 1), 50);
      request.start.generated = generated;
      request.constraint = constraint;
      request.end_tokens = {15};
      start(engine, std::move(request), outcome);
    }
    run(engine);
    EXPECT_EQ(outcomes[0], outcomes[1]);
    return outcomes[0];
  };
  const Outcome whole = generate({});
  ASSERT_TRUE(whole.is_done());
  EXPECT_EQ(whole.tokens.size(), 20U);
  EXPECT_TRUE(std::ranges::all_of(whole.tokens, [](TokenId token) { return token < 3; }));
  EXPECT_EQ((*whole.end)->reason, GenerationStop::complete);
  const Outcome rest = generate({whole.tokens.begin(), whole.tokens.begin() + 7});
  EXPECT_EQ(rest.tokens, std::vector<TokenId>(whole.tokens.begin() + 7, whole.tokens.end()));
  const Outcome wrong = generate({9});
  ASSERT_TRUE(wrong.end);
  EXPECT_THAT(wrong.end->error().message, testing::HasSubstr("constraint"));
}

TEST(PromptLookupTest, GuessesWhatFollowedTheSameTokensLast) {
  const std::vector<TokenId> tokens{1, 2, 3, 9, 9, 1, 2, 3, 7, 8, 1, 2, 3};
  EXPECT_EQ(look_up_continuation(tokens, 4), (std::vector<TokenId>{7, 8, 1, 2}));
  EXPECT_TRUE(look_up_continuation(std::vector<TokenId>{1, 2, 3, 4}, 4).empty());
}

TEST_F(GenerationTest, RefusesParametersThatMakeNoSense) {
  GenerationRequest hot = request_for({1}, 5);
  hot.start.sampling.temperature = -1;
  EXPECT_FALSE(GenerationJob::make(std::move(hot), {}, 16));
  EXPECT_FALSE(GenerationJob::make(request_for({1}, 0), {}, 16));
  EXPECT_FALSE(GenerationCheckpoint::from_json(Json{{"prompt", 1}}));
}

}  // namespace
}  // namespace lyceum::model
