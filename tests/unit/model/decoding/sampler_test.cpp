#include "model/decoding/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <gtest/gtest.h>

namespace lyceum::model {
namespace {

using Logits = std::vector<float>;

Sampler sampler_of(SamplerParameters parameters, std::size_t vocab_size) {
  auto sampler = Sampler::make(std::move(parameters), vocab_size);
  EXPECT_TRUE(sampler) << sampler.error().message;
  return *std::move(sampler);
}

/// How often each token comes at the first `count` positions.
std::map<TokenId, double> shares(const Sampler& sampler, const Logits& logits, std::size_t count,
                                 std::span<const TokenId> history = {}, const TokenMask* mask = nullptr) {
  std::map<TokenId, double> found;
  for (std::size_t i = 0; i < count; ++i) {
    found[sampler.sample(logits, history, mask, i)->token] += 1.0 / static_cast<double>(count);
  }
  return found;
}

TEST(Sampler, TakesTheLowestIdOfTheHighestLogitsAtTemperatureZero) {
  const Sampler sampler = sampler_of({.temperature = 0}, 4);
  EXPECT_EQ(sampler.sample(Logits{1, 3, 3, 2}, {}, nullptr, 0)->token, 1);
  TokenMask mask(4);
  mask.set(3);
  mask.set(0);
  EXPECT_EQ(sampler.sample(Logits{1, 3, 3, 2}, {}, &mask, 0)->token, 3);
}

/// The highest `count`, as a device gives them.
std::pair<Logits, std::vector<TokenId>> highest_of(const Logits& logits, std::size_t count) {
  std::vector<TokenId> tokens(logits.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<TokenId>(i);
  std::ranges::sort(tokens, [&](TokenId a, TokenId b) {
    const float first = logits[static_cast<std::size_t>(a)];
    const float second = logits[static_cast<std::size_t>(b)];
    return first != second ? first > second : a < b;
  });
  tokens.resize(std::min(count, tokens.size()));
  Logits values;
  for (const TokenId token : tokens) values.push_back(logits[static_cast<std::size_t>(token)]);
  return {values, tokens};
}

// Goal: the highest logits alone give the token that all of them give, for every way of sampling that says
// that they are enough. Method: many positions, with ties at the edge of the highest, and fewer numbers than
// are asked for.
TEST(Sampler, DrawsTheSameFromTheHighestLogitsAlone) {
  Logits logits(300);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i * 7919 % 101) / 16.0F;
  Logits few(300, -std::numeric_limits<float>::infinity());
  few[17] = 1.0F;
  few[170] = 0.5F;
  for (const SamplerParameters& parameters :
       {SamplerParameters{.temperature = 0}, SamplerParameters{.top_k = 1}, SamplerParameters{.top_k = 5},
        SamplerParameters{.temperature = 0.7, .top_k = 40, .top_p = 0.9, .seed = 3},
        SamplerParameters{.temperature = 1.5, .top_k = 40, .min_p = 0.1}, SamplerParameters{.top_k = 400}}) {
    const Sampler sampler = sampler_of(parameters, logits.size());
    const std::size_t needed = sampler.highest_needed();
    ASSERT_EQ(needed, parameters.temperature <= 0 ? 1U : parameters.top_k);
    for (const Logits* all : {&logits, &few}) {
      const auto [values, tokens] = highest_of(*all, needed);
      for (std::uint64_t position = 0; position < 200; ++position) {
        ASSERT_EQ(sampler.sample_highest(values, tokens, position)->token,
                  sampler.sample(*all, {}, nullptr, position)->token)
            << "top_k " << parameters.top_k << ", position " << position;
      }
    }
  }
}

TEST(Sampler, NeedsAllLogitsForPenaltiesBiasesAndProbabilities) {
  for (const SamplerParameters& parameters :
       {SamplerParameters{}, SamplerParameters{.top_k = 5, .repetition_penalty = 1.1},
        SamplerParameters{.temperature = 0, .presence_penalty = 1},
        SamplerParameters{.temperature = 0, .frequency_penalty = -1},
        SamplerParameters{.temperature = 0, .logit_bias = {{3, 1.0}}},
        SamplerParameters{.temperature = 0, .wants_logprobs = true},
        SamplerParameters{.top_k = 5, .top_logprobs = 2}})
    EXPECT_EQ(sampler_of(parameters, 10).highest_needed(), 0U);
}

TEST(Sampler, RefusesHighestLogitsThatAreNoNumbers) {
  const Sampler sampler = sampler_of({.temperature = 0}, 2);
  const std::vector<TokenId> tokens = {1, 0};
  for (const float first : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
    const auto sampled =
        sampler.sample_highest(Logits{first, -std::numeric_limits<float>::infinity()}, tokens, 0);
    ASSERT_FALSE(sampled);
    EXPECT_EQ(sampled.error().code, Errc::malformed);
  }
}

TEST(Sampler, DrawsInProportionToTheSoftmax) {
  const Logits logits = {0, 1, 2, -std::numeric_limits<float>::infinity()};
  const auto found = shares(sampler_of({.seed = 5}, 4), logits, 20'000);
  const double sum = 1 + std::exp(1.0) + std::exp(2.0);
  EXPECT_NEAR(found.at(0), 1 / sum, 0.01);
  EXPECT_NEAR(found.at(1), std::exp(1.0) / sum, 0.01);
  EXPECT_NEAR(found.at(2), std::exp(2.0) / sum, 0.01);
  EXPECT_FALSE(found.contains(3));

  const auto cold = shares(sampler_of({.temperature = 0.5}, 4), logits, 20'000);
  const double cold_sum = 1 + std::exp(2.0) + std::exp(4.0);
  EXPECT_NEAR(cold.at(1), std::exp(2.0) / cold_sum, 0.01);
}

TEST(Sampler, GivesTheSameTokenForASeedAndAPositionWhateverCameBefore) {
  const Logits logits(100, 0.5F);
  const Sampler first = sampler_of({.seed = 42}, 100);
  const Sampler second = sampler_of({.seed = 42}, 100);
  std::vector<TokenId> forwards;
  for (std::uint64_t i = 0; i < 50; ++i) forwards.push_back(first.sample(logits, {}, nullptr, i)->token);
  for (std::uint64_t i = 50; i > 0; --i) {
    EXPECT_EQ(second.sample(logits, {}, nullptr, i - 1)->token, forwards[i - 1]);
  }
  const Sampler other = sampler_of({.seed = 43}, 100);
  std::size_t num_equal = 0;
  for (std::uint64_t i = 0; i < 50; ++i) {
    num_equal += other.sample(logits, {}, nullptr, i)->token == forwards[i] ? 1U : 0U;
  }
  EXPECT_LT(num_equal, 10U);
}

TEST(Sampler, RandomNumbersAreThoseThatTheHeaderSpecifies) {
  // SplitMix64 from state 0: mix(0) is 0, so these are its published outputs.
  EXPECT_EQ(uniform_at(0, 0), static_cast<double>(0xE220A8397B1DCDAFULL >> 11U) * 0x1p-53);
  EXPECT_EQ(uniform_at(0, 1), static_cast<double>(0x6E789E6AA1B965F4ULL >> 11U) * 0x1p-53);
  double sum = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) sum += uniform_at(i % 10, i);
  EXPECT_NEAR(sum / 10'000, 0.5, 0.01);
}

TEST(Sampler, TopKKeepsTheLikeliest) {
  const auto found = shares(sampler_of({.top_k = 2}, 4), {1, 4, 3, 1}, 500);
  EXPECT_EQ(found.size(), 2U);
  EXPECT_TRUE(found.contains(1) && found.contains(2));
  EXPECT_EQ(shares(sampler_of({.top_k = 1}, 3), {2, 2, 2}, 100).begin()->first, 0);
}

TEST(Sampler, TopPKeepsTheFewestThatReachIt) {
  const Logits logits = {std::log(0.1F), std::log(0.5F), std::log(0.25F), std::log(0.15F)};
  EXPECT_EQ(shares(sampler_of({.top_p = 0.45}, 4), logits, 300).size(), 1U);
  EXPECT_EQ(shares(sampler_of({.top_p = 0.7}, 4), logits, 300).size(), 2U);
  EXPECT_EQ(shares(sampler_of({.top_p = 0.88}, 4), logits, 300).size(), 3U);
  // Equal probabilities beyond the first sorted part.
  const auto half = shares(sampler_of({.top_p = 0.5}, 2000), Logits(2000, 1.0F), 1000);
  EXPECT_LT(half.rbegin()->first, 1000);
  EXPECT_GT(half.rbegin()->first, 950);
}

TEST(Sampler, MinPIsAPartOfTheLikeliest) {
  const Logits logits = {std::log(0.1F), std::log(0.5F), std::log(0.25F), std::log(0.15F)};
  EXPECT_EQ(shares(sampler_of({.min_p = 0.4}, 4), logits, 300).size(), 2U);
  EXPECT_EQ(shares(sampler_of({.min_p = 1}, 4), logits, 300).size(), 1U);
}

TEST(Sampler, PenaltiesCountTheHistory) {
  const std::vector<TokenId> history = {1, 1, 2};
  const auto greedy = [&](SamplerParameters parameters, const Logits& logits) {
    parameters.temperature = 0;
    return sampler_of(parameters, logits.size()).sample(logits, history, nullptr, 0)->token;
  };
  EXPECT_EQ(greedy({.repetition_penalty = 2}, {1.5F, 2.5F, 1}), 0);
  EXPECT_EQ(greedy({.repetition_penalty = 2}, {-3, -2, -1.4F}), 2);
  EXPECT_EQ(greedy({.repetition_penalty = 2}, {-2.5F, -2, -1.4F}), 0);
  EXPECT_EQ(greedy({.presence_penalty = 1}, {0, 1.5F, 0.9F}), 1);
  EXPECT_EQ(greedy({.frequency_penalty = 1}, {0, 1.5F, 1.4F}), 2);
}

TEST(Sampler, BiasIsAddedAndTheMaskIsTheLastWord) {
  const Sampler sampler = sampler_of({.temperature = 0, .logit_bias = {{0, 5.0}, {1, 10.0}}}, 3);
  EXPECT_EQ(sampler.sample(Logits{0, 0, 1}, {}, nullptr, 0)->token, 1);
  TokenMask mask(3);
  mask.set(0);
  mask.set(2);
  EXPECT_EQ(sampler.sample(Logits{0, 0, 1}, {}, &mask, 0)->token, 0);
}

TEST(Sampler, LogprobsAreTheModelsOwn) {
  const Logits logits = {std::log(0.1F), std::log(0.5F), std::log(0.25F), std::log(0.15F)};
  TokenMask mask(4);
  mask.set(3);
  const Sampler sampler =
      sampler_of({.temperature = 0.1, .top_k = 1, .logit_bias = {{3, 100.0}}, .top_logprobs = 2}, 4);

  const auto sampled = sampler.sample(logits, {}, &mask, 9);

  ASSERT_TRUE(sampled);
  EXPECT_EQ(sampled->token, 3);
  EXPECT_NEAR(sampled->logprob, std::log(0.15), 1e-6);
  ASSERT_EQ(sampled->top.size(), 2U);
  EXPECT_EQ(sampled->top[0].token, 1);
  EXPECT_NEAR(sampled->top[0].logprob, std::log(0.5), 1e-6);
  EXPECT_EQ(sampled->top[1].token, 2);
  const double entropy =
      -(0.1 * std::log(0.1) + 0.5 * std::log(0.5) + 0.25 * std::log(0.25) + 0.15 * std::log(0.15));
  EXPECT_NEAR(sampled->entropy, entropy, 1e-6);
}

TEST(Sampler, RefusesLogitsThatAreNone) {
  const Sampler sampler = sampler_of({}, 3);
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(sampler.sample(Logits{0, kNan, 1}, {}, nullptr, 0).error().code, Errc::malformed);
  EXPECT_EQ(sampler.sample(Logits{0, kInfinity, 1}, {}, nullptr, 0).error().code, Errc::malformed);
  EXPECT_EQ(sampler.sample(Logits(3, -kInfinity), {}, nullptr, 0).error().code, Errc::malformed);
  const TokenMask none(3);
  EXPECT_EQ(sampler.sample(Logits(3), {}, &none, 0).error().code, Errc::precondition);
}

TEST(Sampler, RefusesParametersOutOfRangeByName) {
  const auto refused = [](const SamplerParameters& parameters, const std::string& name) {
    const auto sampler = Sampler::make(parameters, 10);
    return !sampler && sampler.error().code == Errc::invalid_argument &&
           sampler.error().message.find(name) != std::string::npos;
  };
  EXPECT_TRUE(refused({.temperature = -1}, "temperature"));
  EXPECT_TRUE(refused({.temperature = std::nan("")}, "temperature"));
  EXPECT_TRUE(refused({.top_p = 0}, "top_p"));
  EXPECT_TRUE(refused({.top_p = 1.5}, "top_p"));
  EXPECT_TRUE(refused({.min_p = 2}, "min_p"));
  EXPECT_TRUE(refused({.repetition_penalty = 0}, "repetition_penalty"));
  EXPECT_TRUE(refused({.presence_penalty = 1e9}, "presence_penalty"));
  EXPECT_TRUE(refused({.frequency_penalty = std::nan("")}, "frequency_penalty"));
  EXPECT_TRUE(refused({.logit_bias = {{10, 1.0}}}, "logit_bias"));
  EXPECT_TRUE(refused({.logit_bias = {{1, std::nan("")}}}, "logit_bias"));
  EXPECT_TRUE(refused({.top_logprobs = 65}, "top_logprobs"));
}

}  // namespace
}  // namespace lyceum::model
