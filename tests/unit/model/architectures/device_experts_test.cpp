// Goal: a model whose experts do not fit its device gives the bits of one that fits, however few of them the
// device holds, and says how many it found there; and a device's highest logits are those of its whole rows.
// Method: tiny models of several types, with memory for 2 experts, 3 and more, so that layers are computed in
// waves; prompts, steps and batches. On the emulation, where what is fetched arrives as late as it may, and
// on a card where there is one.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include <gtest/gtest.h>

#include "kernels/cuda/emulation/runtime.hpp"
#include "model/architectures/device_model.hpp"
#include "model/architectures/highest_logits.hpp"
#include "model/architectures/transformer.hpp"
#include "model/files/gguf.hpp"
#include "tests/unit/model/architectures/models_folder.hpp"

namespace lyceum::model {
namespace {

constexpr std::uint64_t kContextBytes = std::uint64_t{8} << 20U;

struct Case {
  const char* file;
  bool is_emulated;
};

void PrintTo(const Case& shown, std::ostream* out) {
  *out << shown.file;
}

class DeviceExpertsOutside : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(path())) GTEST_SKIP() << path() << " is not there";
    auto loaded = load({});
    if (!loaded && !GetParam().is_emulated && loaded.error().code == Errc::unavailable)
      GTEST_SKIP() << loaded.error().message;
    ASSERT_TRUE(loaded) << loaded.error().message;
    whole.emplace(*std::move(loaded));
    for (std::int32_t token = 0; token < 24; ++token) tokens.push_back(token * 7 % 60 + 3);
  }

  static std::string path() { return models_folder() + "/tiny-" + GetParam().file + ".gguf"; }

  static Result<Transformer> load(const DeviceBudget& budget) {
    TRY(GgufFile file, GgufFile::open_blocking(path()));
    ComputeOptions options{.device = {.kind = kernels::DeviceChoice::Kind::cuda}, .device_budget = budget};
    if (GetParam().is_emulated) options.device_table = &kernels::cuda::emulated_table();
    return Transformer::load_blocking(std::move(file), available_memory_blocking(), options);
  }

  static DeviceBudget budget_for(std::size_t num_slots) {
    const auto file = GgufFile::open_blocking(path());
    const auto config = read_model_config(*file);
    const auto weights = load_weights_blocking(*file, *config);
    DeviceBudget budget{.context_bytes = kContextBytes};
    budget.memory_bytes = DeviceModel::bytes_with_slots(*config, *weights, budget, num_slots);
    return budget;
  }

  /// Logits after a prompt, after each of a few steps, and of a batch with another sequence.
  std::vector<float> all_logits(const Transformer& model) const {
    std::vector<float> all;
    const auto forward = [&](std::span<const SequenceChunk> batch) {
      const auto logits = model.forward_blocking(batch);
      ASSERT_TRUE(logits) << logits.error().message;
      all.insert(all.end(), logits->begin(), logits->end());
    };
    KeyValueState state = model.new_sequence();
    KeyValueState other = model.new_sequence();
    const SequenceChunk prompt{.tokens = std::span(tokens).first(17), .state = &state, .num_logits = 2};
    forward({&prompt, 1});
    for (std::size_t i = 17; i < 22; ++i) {
      const SequenceChunk step{.tokens = std::span(tokens).subspan(i, 1), .state = &state};
      forward({&step, 1});
    }
    const std::array batch{SequenceChunk{.tokens = std::span(tokens).subspan(22), .state = &state},
                           SequenceChunk{.tokens = std::span(tokens).first(9), .state = &other}};
    forward(batch);
    return all;
  }

  std::optional<Transformer> whole{};
  std::vector<std::int32_t> tokens{};
};

TEST_P(DeviceExpertsOutside, ChangeNoBitHoweverFewAreOnTheDevice) {
  ASSERT_FALSE(whole->expert_fetches_blocking());
  const auto expected = all_logits(*whole);
  std::size_t num_experts = 0;
  for (const LayerConfig& layer : whole->config().layers)
    num_experts += layer.experts ? layer.experts->num_experts : 0;
  std::uint64_t fetched_by_fewest = 0;
  for (const std::size_t num_slots : {std::size_t{2}, std::size_t{3}, num_experts - 2}) {
    const auto model = load(budget_for(num_slots));
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(all_logits(*model), expected) << num_slots;

    const auto fetches = model->expert_fetches_blocking();
    ASSERT_TRUE(fetches);
    std::cout << GetParam().file << ": " << fetches->num_slots << " of " << fetches->num_experts
              << " experts there, " << fetches->num_uses << " uses, " << fetches->num_hits << " hits, "
              << fetches->num_prefetched << " fetched early\n";
    EXPECT_EQ(fetches->num_experts, num_experts);
    EXPECT_EQ(fetches->num_slots, num_slots);
    EXPECT_EQ(fetches->num_hits + fetches->num_fetched, fetches->num_uses);
    EXPECT_LE(fetches->fetched_bytes, (fetches->num_fetched + fetches->num_prefetched) * fetches->slot_bytes);
    EXPECT_GT(fetches->fetched_bytes, 0U);
    if (fetched_by_fewest == 0) fetched_by_fewest = fetches->num_fetched;
    if (num_slots > 3) {
      EXPECT_LT(fetches->num_fetched, fetched_by_fewest / 2);
    }
  }
}

TEST_P(DeviceExpertsOutside, ShowTheirRoutesAllTheSame) {
  const auto model = load(budget_for(3));
  ASSERT_TRUE(model) << model.error().message;
  const auto routes = [&](const Transformer& transformer) {
    ChunkTaps taps{.wants_routes = true};
    KeyValueState state = transformer.new_sequence();
    const SequenceChunk chunk{.tokens = tokens, .state = &state, .taps = &taps};
    EXPECT_TRUE(transformer.forward_blocking({&chunk, 1}));
    return taps.routes;
  };
  const auto expected = routes(*whole);
  const auto actual = routes(*model);
  ASSERT_EQ(actual.size(), whole->config().layers.size());
  for (std::size_t layer = 0; layer < expected.size(); ++layer) {
    EXPECT_EQ(actual[layer].experts, expected[layer].experts);
    EXPECT_EQ(actual[layer].weights, expected[layer].weights);
    const bool has_experts = whole->config().layers[layer].experts.has_value();
    EXPECT_EQ(actual[layer].experts.empty(), !has_experts);
  }
}

TEST_P(DeviceExpertsOutside, AreRefusedWithBothNumbersWhereNotEvenTheRestFits) {
  DeviceBudget budget = budget_for(2);
  budget.memory_bytes /= 4;
  const auto model = load(budget);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Errc::overloaded);
  EXPECT_NE(model.error().message.find("MiB free"), std::string::npos) << model.error().message;
  EXPECT_NE(model.error().message.find("experts in this machine's memory"), std::string::npos);
}

TEST_P(DeviceExpertsOutside, HighestLogitsAreThoseOfTheWholeRows) {
  const auto forward = [&](HighestLogits* first, HighestLogits* second) {
    std::array<KeyValueState, 3> states{whole->new_sequence(), whole->new_sequence(), whole->new_sequence()};
    const std::array batch{
        SequenceChunk{
            .tokens = std::span(tokens).first(5), .state = &states[0], .num_logits = 2, .highest = first},
        SequenceChunk{.tokens = std::span(tokens).subspan(5, 3), .state = &states[1]},
        SequenceChunk{.tokens = std::span(tokens).subspan(8, 1), .state = &states[2], .highest = second}};
    const auto logits = whole->forward_blocking(batch);
    EXPECT_TRUE(logits) << logits.error().message;
    return logits ? *logits : std::vector<float>{};
  };
  HighestLogits expected_first{.count = 7};
  HighestLogits expected_second{.count = 1};
  const std::array wanted{
      SequenceChunk{.tokens = std::span(tokens).first(5), .num_logits = 2, .highest = &expected_first},
      SequenceChunk{.tokens = std::span(tokens).first(3)},
      SequenceChunk{.tokens = std::span(tokens).first(1), .highest = &expected_second}};
  const auto rest = take_highest(wanted, whole->config().vocabulary_size, forward(nullptr, nullptr));

  HighestLogits first{.count = 7};
  HighestLogits second{.count = 1};
  EXPECT_EQ(forward(&first, &second), rest);

  EXPECT_EQ(rest.size(), whole->config().vocabulary_size);
  EXPECT_EQ(first.tokens, expected_first.tokens);
  EXPECT_EQ(first.logits, expected_first.logits);
  EXPECT_EQ(first.tokens.size(), 14U);
  EXPECT_EQ(second.tokens, expected_second.tokens);
  EXPECT_EQ(second.logits, expected_second.logits);
}

// Goal: steps of decoding that are repeated as graphs show the routes and the highest logits that one pass
// over the same tokens shows.
TEST_P(DeviceExpertsOutside, RepeatedStepsShowWhatOnePassShows) {
  constexpr std::size_t kTokens = 8;
  ChunkTaps all_taps{.wants_routes = true};
  HighestLogits all_highest{.count = 3};
  KeyValueState all_state = whole->new_sequence();
  const SequenceChunk all{.tokens = std::span(tokens).first(kTokens),
                          .state = &all_state,
                          .wants_all_logits = true,
                          .taps = &all_taps,
                          .highest = &all_highest};
  ASSERT_TRUE(whole->forward_blocking({&all, 1}));
  ASSERT_EQ(all_highest.tokens.size(), 3 * kTokens);

  KeyValueState state = whole->new_sequence();
  for (std::size_t i = 0; i < kTokens; ++i) {
    ChunkTaps taps{.wants_routes = true};
    HighestLogits highest{.count = 3};
    const SequenceChunk step{
        .tokens = std::span(tokens).subspan(i, 1), .state = &state, .taps = &taps, .highest = &highest};
    ASSERT_TRUE(whole->forward_blocking({&step, 1}));
    EXPECT_TRUE(std::ranges::equal(highest.tokens, std::span(all_highest.tokens).subspan(3 * i, 3))) << i;
    EXPECT_TRUE(std::ranges::equal(highest.logits, std::span(all_highest.logits).subspan(3 * i, 3))) << i;
    ASSERT_EQ(taps.routes.size(), all_taps.routes.size());
    for (std::size_t layer = 0; layer < taps.routes.size(); ++layer) {
      const std::size_t top_k = all_taps.routes[layer].top_k;
      EXPECT_TRUE(std::ranges::equal(taps.routes[layer].experts,
                                     std::span(all_taps.routes[layer].experts).subspan(i * top_k, top_k)));
    }
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const bool is_emulated : {true, false}) {
    for (const char* file : {"qwen3moe-f32", "deepseek2-legacy-f32", "qwen3moe-bf16", "qwen3moe-k256-q4_k_m"})
      all.push_back({file, is_emulated});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Files, DeviceExpertsOutside, testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = std::string(info.param.is_emulated ? "emulated_" : "card_") + info.param.file;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace lyceum::model
