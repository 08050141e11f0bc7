// Goal: a model on a device gives the logits of double precision within a bound derived from its types, and a
// sequence's logits are the same bits alone, in any chunks and in any batch. Method: the tiny models of
// reference_models_test.cpp, by the device's own kernels: over an emulation of threads everywhere, on a card
// where there is one.
// The bounds: products of F32 weights are f32. With F16 and BF16 weights activations are rounded to the same
// type, as the independent engine behind the reference does: its errors on these files are 1e-6 and 2.5e-5.
// Quantised weights are rounded to bf16 besides; the independent engine, which rounds activations to 8 bits,
// is off by 5e-4 to 1.6e-3.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kernels/cuda/emulation/runtime.hpp"
#include "model/architectures/transformer.hpp"
#include "model/files/gguf.hpp"
#include "tests/unit/model/architectures/models_folder.hpp"
#include "tests/unit/model/architectures/nmse.hpp"

namespace lyceum::model {
namespace {

struct Case {
  const char* file;
  bool is_emulated;
};

void PrintTo(const Case& shown, std::ostream* out) {
  *out << shown.file;
}

double bound_of(const std::string& file) {
  if (file.ends_with("f32")) return 1e-9;
  if (file.ends_with("-f16")) return 4e-6;
  return file.ends_with("-bf16") ? 1e-4 : 1e-3;
}

class DeviceModels : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(path())) GTEST_SKIP() << path() << " is not there";
    auto file = GgufFile::open_blocking(path());
    ASSERT_TRUE(file) << file.error().message;
    ComputeOptions options{.device = {.kind = kernels::DeviceChoice::Kind::cuda}};
    if (GetParam().is_emulated) options.device_table = &kernels::cuda::emulated_table();
    auto loaded = Transformer::load_blocking(*std::move(file), available_memory_blocking(), options);
    if (!loaded && !GetParam().is_emulated && loaded.error().code == Errc::unavailable)
      GTEST_SKIP() << loaded.error().message;
    ASSERT_TRUE(loaded) << loaded.error().message;
    transformer.emplace(*std::move(loaded));
    std::ifstream text(path(".ref.json"));
    reference = nlohmann::json::parse(text);
  }

  static std::string path(const char* ending = ".gguf") {
    return models_folder() + "/tiny-" + GetParam().file + ending;
  }

  std::vector<float> forward(const SequenceChunk& chunk) const {
    auto logits = transformer->forward_blocking({&chunk, 1});
    EXPECT_TRUE(logits) << logits.error().message;
    return logits ? *std::move(logits) : std::vector<float>{};
  }

  /// After `first` tokens at once, then chunks.
  std::vector<float> last_logits(std::span<const std::int32_t> tokens, std::size_t first,
                                 std::size_t chunk_size) const {
    KeyValueState state = transformer->new_sequence();
    std::vector<float> logits = forward({.tokens = tokens.first(first), .state = &state});
    for (std::size_t start = first; start < tokens.size(); start += chunk_size)
      logits = forward(
          {.tokens = tokens.subspan(start, std::min(chunk_size, tokens.size() - start)), .state = &state});
    return logits;
  }

  std::vector<std::int32_t> tokens_of(std::size_t prompt) const {
    return reference["prompts"][prompt]["library"]["tokens"].get<std::vector<std::int32_t>>();
  }

  std::optional<Transformer> transformer{};
  nlohmann::json reference{};
};

TEST_P(DeviceModels, GiveTheLogitsOfDoublePrecision) {
  // The last prompt is long: the emulation is slow.
  const std::size_t num_prompts = reference["prompts"].size() - (GetParam().is_emulated ? 1 : 0);
  double worst = 0.0;
  for (std::size_t prompt = 0; prompt < num_prompts; ++prompt) {
    const auto tokens = tokens_of(prompt);
    const auto exact = reference["prompts"][prompt]["exact_logits_last"].get<std::vector<double>>();
    worst = std::max(worst, nmse(last_logits(tokens, tokens.size(), 1), exact));
  }
  std::cout << GetParam().file << ": worst NMSE " << worst << "\n";
  EXPECT_LE(worst, bound_of(GetParam().file));
}

TEST_P(DeviceModels, GiveTheSameBitsInAnyChunksAndBatches) {
  const auto all = tokens_of(4);
  const auto tokens = std::span(all).first(75);
  const auto short_tokens = tokens_of(0);
  const auto whole = last_logits(tokens, tokens.size(), 1);
  EXPECT_EQ(last_logits(tokens, 60, 1), whole);
  EXPECT_EQ(last_logits(tokens, 5, 35), whole);

  // The long one comes in two batches, the second of which holds the short one whole.
  KeyValueState long_state = transformer->new_sequence();
  KeyValueState short_state = transformer->new_sequence();
  forward({.tokens = tokens.first(70), .state = &long_state});
  const std::array batch{SequenceChunk{.tokens = tokens.subspan(70), .state = &long_state},
                         SequenceChunk{.tokens = short_tokens, .state = &short_state}};
  const auto together = transformer->forward_blocking(batch);
  ASSERT_TRUE(together) << together.error().message;
  const auto vocabulary = transformer->config().vocabulary_size;
  EXPECT_TRUE(std::ranges::equal(std::span(*together).first(vocabulary), whole));
  EXPECT_TRUE(std::ranges::equal(std::span(*together).subspan(vocabulary),
                                 last_logits(short_tokens, short_tokens.size(), 1)));
}

/// What two passes of the same tokens show.
void expect_the_same_view(const ChunkTaps& actual, const ChunkTaps& expected) {
  constexpr float kNear = 1e-4F;
  const auto expect_near = [](const auto& values, const auto& others, const char* what) {
    ASSERT_EQ(values.size(), others.size()) << what;
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], others[i], kNear) << what;
  };
  ASSERT_EQ(actual.routes.size(), expected.routes.size());
  for (std::size_t layer = 0; layer < expected.routes.size(); ++layer) {
    EXPECT_EQ(actual.routes[layer].top_k, expected.routes[layer].top_k);
    EXPECT_EQ(actual.routes[layer].experts, expected.routes[layer].experts);
    expect_near(actual.routes[layer].weights, expected.routes[layer].weights, "weights");
    expect_near(actual.routes[layer].probabilities, expected.routes[layer].probabilities, "probabilities");
  }
  ASSERT_EQ(actual.hidden.size(), expected.hidden.size());
  for (std::size_t i = 0; i < expected.hidden.size(); ++i)
    expect_near(actual.hidden[i], expected.hidden[i], "hidden");
  expect_near(actual.final_hidden, expected.final_hidden, "final hidden");
  expect_near(actual.attention_mass, expected.attention_mass, "attention");
}

TEST_P(DeviceModels, ShowAndTakeControlsAsTheProcessorDoes) {
  if (!std::string(GetParam().file).ends_with("f32")) GTEST_SKIP() << "rounding may choose another expert";
  auto file = GgufFile::open_blocking(path());
  ASSERT_TRUE(file);
  const auto processor = Transformer::load_blocking(*std::move(file));
  ASSERT_TRUE(processor);
  const ModelConfig& config = transformer->config();
  std::vector<float> bias;
  std::vector<std::size_t> experts(config.layers.size(), 1);
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
    if (!config.layers[layer].experts) continue;
    bias.insert(bias.end(), config.layers[layer].experts->num_experts, 0.0F);
    bias.back() = 1.0F;
    if (layer == 1) experts[layer] = 2;
  }
  const auto tokens = tokens_of(0);
  const auto show = [&](const Transformer& model) {
    ChunkTaps taps{.wants_routes = true,
                   .wants_router_probabilities = true,
                   .wants_final_hidden = true,
                   .hidden_layers = {0},
                   .attention_spans = {{0, 2}, {2, 5}}};
    KeyValueState state = model.new_sequence();
    const SequenceChunk chunk{.tokens = tokens, .state = &state, .taps = &taps};
    SequenceChunk steered = chunk;
    if (!bias.empty() && GetParam().file != std::string("qwen3moe-top1-f32")) {
      steered.experts_per_layer = experts;
      steered.expert_bias = bias;
    }
    EXPECT_TRUE(model.forward_blocking({&steered, 1}));
    return taps;
  };
  expect_the_same_view(show(*transformer), show(*processor));
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const bool is_emulated : {true, false}) {
    for (const char* file :
         {"llama-dense-f32", "mixtral-f32", "qwen3-dense-f32", "qwen3moe-f32", "qwen3moe-top1-f32",
          "olmoe-f32", "qwen2moe-f32", "deepseek2-mla-f32", "deepseek2-legacy-f32", "qwen3moe-f16",
          "qwen3moe-bf16", "qwen3moe-q8_0", "qwen3moe-k256-q8_0", "qwen3moe-k256-q4_0",
          "qwen3moe-k256-q4_k_m", "qwen3moe-k256-q5_k_m", "qwen3moe-k256-q6_k"})
      all.push_back({file, is_emulated});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Files, DeviceModels, testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = std::string(info.param.is_emulated ? "emulated_" : "card_") + info.param.file;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace lyceum::model
