#include "model/inspect.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/model/files/gguf_bytes.hpp"

namespace lyceum::model {
namespace {

Result<ModelSummary> inspected(const std::string& data) {
  const auto path = std::filesystem::temp_directory_path() / ("inspect_test_" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary) << data;
  auto summary = inspect_model_blocking(path.string());
  std::filesystem::remove(path);
  return summary;
}

GgufBytes& add_u32(GgufBytes& file, const std::string& key, std::uint32_t value) {
  return file.key(key, GgufType::u32).number(value);
}

/// Two layers, 2 KV heads of 8, 4 experts of which 1 is used.
std::string expert_model(std::uint32_t context_length) {
  GgufBytes file;
  file.header(3, 11).key("general.architecture", GgufType::string).text("qwen3moe");
  add_u32(file, "qwen3moe.block_count", 2);
  add_u32(file, "qwen3moe.context_length", context_length);
  add_u32(file, "qwen3moe.embedding_length", 32);
  add_u32(file, "qwen3moe.attention.head_count", 4);
  add_u32(file, "qwen3moe.attention.head_count_kv", 2);
  add_u32(file, "qwen3moe.expert_count", 4);
  add_u32(file, "qwen3moe.expert_used_count", 1);
  file.key("tokenizer.ggml.model", GgufType::string).text("gpt2");
  file.texts("tokenizer.ggml.tokens", {"a", "b"});
  file.key("tokenizer.chat_template", GgufType::string).text("{{ messages }}");
  file.tensor("token_embd.weight", {32, 2}, TensorType::f32, 0)
      .tensor("blk.0.ffn_up_exps.weight", {32, 1, 4}, TensorType::q8_0, 256)
      .tensor("odd", {7}, static_cast<TensorType>(99), 416)
      .pad()
      .zeros(448);
  return file.data();
}

TEST(InspectModel, CountsWhatOneTokenTakesOfTheExperts) {
  const auto summary = inspected(expert_model(100));

  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->architecture, "qwen3moe");
  EXPECT_EQ(summary->num_parameters, 64U + 128U);
  EXPECT_EQ(summary->num_active_parameters, 64U + 32U);
  EXPECT_EQ(summary->weight_bytes, 256U + 136U);
  EXPECT_EQ(summary->kv_bytes_per_token, 2U * 2 * (8 + 8) * 2);
  EXPECT_EQ(summary->memory_bytes, 392U + 128U * 100);
  EXPECT_TRUE(summary->has_chat_template);
}

TEST(InspectModel, ListsTypesWithTheLargestFirstAndSaysWhichAreNotSupported) {
  const auto summary = inspected(expert_model(100));

  ASSERT_TRUE(summary) << summary.error().message;
  ASSERT_EQ(summary->types.size(), 3U);
  EXPECT_EQ(summary->types[0].type, "F32");
  EXPECT_EQ(summary->types[1].type, "Q8_0");
  EXPECT_EQ(summary->types[2].type, "type 99");
  EXPECT_FALSE(summary->types[2].is_supported);
}

TEST(InspectModel, SaysWhyATokenizerCannotBeUsed) {
  const auto summary = inspected(expert_model(100));

  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->tokenizer, "gpt2");
  EXPECT_EQ(summary->vocab_size, 2U);
  EXPECT_NE(summary->tokenizer_problem.find("expected a token for byte"), std::string::npos);
}

TEST(InspectModel, LeavesOutWhatTheFileDoesNotSay) {
  GgufBytes file;
  file.header(0, 1).key("general.architecture", GgufType::string).text("x");

  const auto summary = inspected(file.data());

  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_FALSE(summary->num_layers || summary->context_length || summary->memory_bytes);
  EXPECT_EQ(summary->tokenizer, "");
  EXPECT_EQ(inspected(GgufBytes().header(0, 0).data()).error().code, Errc::not_found);
}

}  // namespace
}  // namespace lyceum::model
