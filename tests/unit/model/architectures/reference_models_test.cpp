// Goal: the forward pass is right for every architecture and tensor type, and the same on every processor.
// Method: tiny models with random weights, whose logits a float64 program over the dequantised weights and an
// independent engine have written down (shared/models, not part of the project). F16 and BF16 weights are
// multiplied as f32, so their files have the bound of the F32 ones; with quantised weights activations are
// rounded to 8 bits, as the independent engine does: its mean error over a file's prompts is 4e-4 to 9e-4,
// its worst 1.6e-3.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/architectures/transformer.hpp"
#include "model/files/gguf.hpp"
#include "tests/unit/model/architectures/nmse.hpp"

namespace lyceum::model {
namespace {

constexpr double kNmse = 1e-9;
constexpr double kQuantizedNmse = 2e-3;
constexpr double kMeanQuantizedNmse = 1e-3;
/// Engines may differ in a greedy choice closer than this.
constexpr double kMargin = 1e-3;

std::string path_of(const std::string& name, const std::string& ending) {
  return std::string(LYCEUM_SHARED_MODELS) + "/tiny-" + name + ending;
}

Result<Transformer> open(const std::string& path, const ComputeOptions& options = {}) {
  TRY(GgufFile file, GgufFile::open_blocking(path));
  return Transformer::load_blocking(std::move(file), available_memory_blocking(), options);
}

std::int32_t best_of(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

class ReferenceModel : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string model = path_of(GetParam(), ".gguf");
    if (!std::filesystem::exists(model)) GTEST_SKIP() << model << " is not there";
    auto opened = open(model);
    ASSERT_TRUE(opened) << opened.error().message;
    transformer.emplace(*std::move(opened));
    std::ifstream text(path_of(GetParam(), ".ref.json"));
    reference = nlohmann::json::parse(text);
  }

  std::vector<float> forward(const SequenceChunk& chunk) const {
    auto logits = transformer->forward_blocking({&chunk, 1});
    EXPECT_TRUE(logits) << logits.error().message;
    return logits ? *std::move(logits) : std::vector<float>{};
  }

  /// The last row after feeding `tokens` in chunks.
  std::vector<float> last_logits(const std::vector<std::int32_t>& tokens, std::size_t chunk_size) const {
    KeyValueState state = transformer->new_sequence();
    std::vector<float> logits;
    for (std::size_t start = 0; start < tokens.size(); start += chunk_size) {
      const auto part = std::span(tokens).subspan(start, std::min(chunk_size, tokens.size() - start));
      logits = forward({.tokens = part, .state = &state});
    }
    return logits;
  }

  std::vector<std::int32_t> tokens_of(std::size_t prompt) const {
    return reference["prompts"][prompt]["library"]["tokens"].get<std::vector<std::int32_t>>();
  }

  bool is_quantized() const {
    const std::string name = GetParam();
    return name.find("-q4") != name.npos || name.find("-q5") != name.npos || name.find("-q6") != name.npos ||
           name.find("-q8") != name.npos;
  }

  bool is_exact_type() const { return std::string(GetParam()).ends_with("f32"); }

  std::optional<Transformer> transformer{};
  nlohmann::json reference{};
};

TEST_P(ReferenceModel, GivesTheLogitsOfDoublePrecision) {
  const std::size_t vocabulary = transformer->config().vocabulary_size;
  double worst = 0.0;
  double mean = 0.0;
  for (std::size_t prompt = 0; prompt < reference["prompts"].size(); ++prompt) {
    const auto& expected = reference["prompts"][prompt];
    const auto tokens = tokens_of(prompt);
    KeyValueState state = transformer->new_sequence();
    const auto logits = forward({.tokens = tokens, .state = &state, .wants_all_logits = true});
    ASSERT_EQ(logits.size(), tokens.size() * vocabulary);
    const auto exact = expected["exact_logits_last"].get<std::vector<double>>();
    const double error = nmse(std::span(logits).last(vocabulary), exact);
    worst = std::max(worst, error);
    mean += error / static_cast<double>(reference["prompts"].size());
    if (!is_exact_type()) continue;
    const auto best = expected["library"]["argmax_per_position"].get<std::vector<std::int32_t>>();
    for (std::size_t i = 0; i < tokens.size(); ++i)
      EXPECT_EQ(best_of(std::span(logits).subspan(i * vocabulary, vocabulary)), best[i])
          << "prompt " << prompt << ", position " << i;
  }
  std::cout << GetParam() << ": worst NMSE " << worst << ", mean " << mean << "\n";
  RecordProperty("worst_nmse", std::to_string(worst));
  EXPECT_LE(worst, is_quantized() ? kQuantizedNmse : kNmse);
  EXPECT_LE(mean, is_quantized() ? kMeanQuantizedNmse : kNmse);
}

TEST_P(ReferenceModel, ContinuesGreedilyAsTheIndependentEngine) {
  if (!is_exact_type()) GTEST_SKIP() << "the independent engine rounds activations to this file's type";
  for (std::size_t prompt = 0; prompt < reference["prompts"].size(); ++prompt) {
    auto tokens = tokens_of(prompt);
    KeyValueState state = transformer->new_sequence();
    auto logits = forward({.tokens = tokens, .state = &state});
    for (const auto& step : reference["prompts"][prompt]["library"]["steps"]) {
      const auto expected = step["token"].get<std::int32_t>();
      if (step["margin"].get<double>() > kMargin) EXPECT_EQ(best_of(logits), expected) << "prompt " << prompt;
      logits = forward({.tokens = {&expected, 1}, .state = &state});
    }
  }
}

TEST_P(ReferenceModel, GivesTheSameBitsInAnyChunks) {
  const auto tokens = tokens_of(4);
  const auto whole = last_logits(tokens, tokens.size());
  EXPECT_EQ(last_logits(tokens, 1), whole);
  EXPECT_EQ(last_logits(tokens, 7), whole);
}

TEST_P(ReferenceModel, GivesTheSameBitsInABatch) {
  const auto long_tokens = tokens_of(4);
  const auto short_tokens = tokens_of(0);
  KeyValueState long_state = transformer->new_sequence();
  KeyValueState short_state = transformer->new_sequence();
  // The long one comes in two batches, the second of which holds the short one whole.
  forward({.tokens = std::span(long_tokens).first(100), .state = &long_state});
  const std::array batch{SequenceChunk{.tokens = std::span(long_tokens).subspan(100), .state = &long_state},
                         SequenceChunk{.tokens = short_tokens, .state = &short_state}};
  const auto together = transformer->forward_blocking(batch);
  ASSERT_TRUE(together) << together.error().message;
  const auto vocabulary = static_cast<std::ptrdiff_t>(transformer->config().vocabulary_size);
  EXPECT_EQ(std::vector<float>(together->begin(), together->begin() + vocabulary),
            last_logits(long_tokens, long_tokens.size()));
  EXPECT_EQ(std::vector<float>(together->begin() + vocabulary, together->end()),
            last_logits(short_tokens, short_tokens.size()));
}

TEST_P(ReferenceModel, GivesTheSameBitsByEveryInstructionSetAndNumberOfThreads) {
  const auto tokens = tokens_of(1);
  const auto logits_with = [&](const ComputeOptions& options) {
    auto opened = open(path_of(GetParam(), ".gguf"), options);
    EXPECT_TRUE(opened);
    if (!opened) return std::vector<float>{};
    transformer.emplace(*std::move(opened));
    return last_logits(tokens, 20);
  };
  const auto expected = logits_with({.uses_reference_operations = true});
  for (const kernels::Isa isa : kernels::available_isas()) {
    for (const std::size_t num_threads : {1U, 2U})
      EXPECT_EQ(logits_with({.num_threads = num_threads, .isa = isa}), expected)
          << kernels::name_of(isa) << ", " << num_threads << " threads";
  }
}

TEST(ReferenceModelMemory, SaysWhatIsNeededAndFree) {
  const std::string path = path_of("qwen3moe-q8_0", ".gguf");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  auto file = GgufFile::open_blocking(path);
  ASSERT_TRUE(file) << file.error().message;
  const auto loaded = Transformer::load_blocking(*std::move(file), /*memory_limit=*/1000);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::overloaded);
  EXPECT_NE(loaded.error().message.find("need 1 MiB"), std::string::npos) << loaded.error().message;
}

INSTANTIATE_TEST_SUITE_P(Files, ReferenceModel,
                         testing::Values("llama-dense-f32", "mixtral-f32", "qwen3-dense-f32", "qwen3moe-f32",
                                         "qwen3moe-top1-f32", "olmoe-f32", "qwen2moe-f32",
                                         "deepseek2-mla-f32", "deepseek2-legacy-f32", "qwen3moe-f16",
                                         "qwen3moe-bf16", "qwen3moe-q8_0", "qwen3moe-k256-q8_0",
                                         "qwen3moe-k256-q4_0", "qwen3moe-k256-q4_k_m", "qwen3moe-k256-q5_k_m",
                                         "qwen3moe-k256-q6_k"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace lyceum::model
