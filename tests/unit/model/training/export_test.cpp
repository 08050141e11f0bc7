#include <cmath>
#include <fstream>

#include <gmock/gmock.h>

#include "model/architectures/transformer.hpp"
#include "model/files/gguf.hpp"
#include "model/training.hpp"
#include "model/training/trainer.hpp"
#include "tests/unit/model/training/training_folder.hpp"

namespace lyceum::model {
namespace {

using testing::HasSubstr;

class ExportTest : public TrainingFolder {
 protected:
  void SetUp() override {
    TrainingFolder::SetUp();
    auto data = TrainingDataFile::open_blocking(path("train.lytd"));
    ASSERT_TRUE(data);
    auto trainer = Trainer::create(config(), {&*data, nullptr, kinds_}, kernels::training::best_gemm_path());
    ASSERT_TRUE(trainer);
    for (int step = 0; step < 8; ++step) (*trainer)->run_step();
    ASSERT_TRUE(write_checkpoint_blocking((*trainer)->checkpoint(), path("a.lytc")));
    parameters_ = (*trainer)->parameters();
  }

  ExportRequest request(const std::string& type) const {
    return {.checkpoint = path("a.lytc"), .output = path("a.gguf"), .type = type, .num_experts_used = 2};
  }

  /// What the trainer computes for a document.
  std::vector<float> trained_logits(const std::vector<std::uint16_t>& tokens) const {
    kernels::WorkerPool workers(1);
    Decoder decoder(config().shape, kernels::training::best_gemm_path(), workers, 64, 2);
    decoder.take_parameters(parameters_);
    decoder.forward({.tokens = tokens, .documents = {{0, tokens.size()}}}, {.experts_per_layer = {2, 2}});
    return decoder.logits();
  }

  std::vector<float> parameters_{};
};

/// Root of the mean squared difference, in units of the deviation of the expected logits.
double error_of(const std::vector<float>& actual, const std::vector<float>& expected) {
  double difference = 0.0;
  double sum = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(static_cast<double>(actual[i]) - static_cast<double>(expected[i]), 2);
    sum += static_cast<double>(expected[i]);
    squares += std::pow(static_cast<double>(expected[i]), 2);
  }
  const auto n = static_cast<double>(expected.size());
  return std::sqrt(difference / n) / std::sqrt(squares / n - std::pow(sum / n, 2));
}

TEST_F(ExportTest, TheEngineComputesTheTrainersLogits) {
  const std::vector<std::uint16_t> tokens{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9};
  const std::vector<std::int32_t> prompt(tokens.begin(), tokens.end());
  const std::vector<float> expected = trained_logits(tokens);
  for (const auto& [type, bound] : {std::pair{"f32", 0.02}, std::pair{"q8_0", 0.03}}) {
    ASSERT_TRUE(export_checkpoint_blocking(request(type)));
    auto file = GgufFile::open_blocking(path("a.gguf"));
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(*file->get_u32("lyceum.verbs.version"), 1U);
    const auto transformer = Transformer::load_blocking(std::move(*file));
    ASSERT_TRUE(transformer) << transformer.error().message;
    KeyValueState state = transformer->new_sequence();
    const SequenceChunk chunk{.tokens = prompt, .state = &state, .wants_all_logits = true};

    const auto logits = transformer->forward_blocking(std::span(&chunk, 1));

    ASSERT_TRUE(logits) << logits.error().message;
    ASSERT_EQ(logits->size(), expected.size());
    EXPECT_LT(error_of(*logits, expected), bound) << type;
  }
}

/// Texts "t0" to "t60", <|end|> 62 and <|pad|> 63; nothing has 61.
Json byte_level_tokenizer() {
  Json vocabulary = Json::object();
  for (int id = 0; id < 61; ++id) vocabulary["t" + std::to_string(id)] = id;
  return {{"model", {{"vocab", vocabulary}, {"merges", {Json::array({"t", "1"}), "t 2"}}}},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"added_tokens", {{{"id", 62}, {"content", "<|end|>"}}, {{"id", 63}, {"content", "<|pad|>"}}}}};
}

TEST_F(ExportTest, ATokenizerThatDoesNotFitTheModelIsRefused) {
  ExportRequest request = this->request("q8_0");
  request.tokenizer = path("tokenizer.json");
  Json tokenizer = byte_level_tokenizer();
  tokenizer["model"]["vocab"]["b"] = 64;
  std::ofstream(request.tokenizer) << tokenizer.dump();
  EXPECT_THAT(export_checkpoint_blocking(request).error().message, HasSubstr("below 64, the model's"));
  tokenizer["model"] = nullptr;
  std::ofstream(request.tokenizer) << tokenizer.dump();
  EXPECT_THAT(export_checkpoint_blocking(request).error().message, HasSubstr("model: expected an object"));
}

TEST_F(ExportTest, TheTokenizerComesAlong) {
  ExportRequest request = this->request("q8_0");
  request.tokenizer = path("tokenizer.json");
  request.license = "cc-by-sa-4.0";
  std::ofstream(request.tokenizer) << byte_level_tokenizer().dump();

  ASSERT_TRUE(export_checkpoint_blocking(request));

  const auto file = GgufFile::open_blocking(path("a.gguf"));
  ASSERT_TRUE(file);
  const auto texts = file->get_strings("tokenizer.ggml.tokens");
  ASSERT_TRUE(texts);
  EXPECT_EQ((*texts)[60], "t60");
  EXPECT_EQ((*texts)[61], "[PAD61]");
  EXPECT_EQ((*texts)[62], "<|end|>");
  EXPECT_EQ((*file->get_strings("tokenizer.ggml.merges"))[0], "t 1");
  EXPECT_EQ(*file->get_u32("tokenizer.ggml.eos_token_id"), 62U);
  EXPECT_EQ(*file->get_string("general.license"), "cc-by-sa-4.0");
}

TEST_F(ExportTest, AnUnknownTypeOrTooManyExpertsAreRefused) {
  EXPECT_EQ(export_checkpoint_blocking(request("q9")).error().code, Errc::invalid_argument);
  ExportRequest many = request("f32");
  many.num_experts_used = 5;
  EXPECT_THAT(export_checkpoint_blocking(many).error().message, HasSubstr("1..4"));
}

}  // namespace
}  // namespace lyceum::model
