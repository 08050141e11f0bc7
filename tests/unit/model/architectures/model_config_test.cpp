#include "model/architectures/model_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/architectures/transformer.hpp"
#include "model/files/gguf.hpp"
#include "tests/unit/model/architectures/tiny_model.hpp"

namespace lyceum::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Result<Transformer> load(const std::string& data) {
  TRY(GgufFile file, GgufFile::parse(bytes_of(data), "x.gguf"));
  return Transformer::load_blocking(std::move(file));
}

Error error_of(const TinyModel& model) {
  const std::string data = model.bytes();
  const auto loaded = load(data);
  return loaded ? Error{Errc::internal, "no error"} : loaded.error();
}

TEST(ModelConfig, HoldsWhatTheFileSays) {
  const std::string data = TinyModel().bytes();
  const auto loaded = load(data);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const ModelConfig& config = loaded->config();
  EXPECT_EQ(config.vocabulary_size, 16U);
  EXPECT_EQ(config.context_length, 100U);
  EXPECT_EQ(config.attention.key_dim, 4U);
  ASSERT_TRUE(config.layers[1].experts.has_value());
  EXPECT_EQ(config.layers[1].experts->policy.top_k, 2U);
  EXPECT_TRUE(config.layers[1].experts->policy.renormalizes);
}

TEST(ModelConfig, NamesAnUnknownArchitectureAndThoseItKnows) {
  TinyModel model;
  model.architecture = "mamba9";
  const Error error = error_of(model);
  EXPECT_EQ(error.code, Errc::unsupported);
  EXPECT_THAT(error.message, AllOf(HasSubstr("mamba9"), HasSubstr("deepseek2"), HasSubstr("qwen3moe")));
}

TEST(ModelConfig, NamesAnUnknownScalingOrRouting) {
  TinyModel model;
  model.texts["rope.scaling.type"] = "longrope";
  EXPECT_THAT(error_of(model).message, HasSubstr("longrope"));
  TinyModel routed;
  routed.numbers["expert_gating_func"] = 9;
  EXPECT_THAT(error_of(routed).message, AllOf(HasSubstr("expert_gating_func"), HasSubstr("9")));
}

TEST(ModelConfig, RefusesExtentsThatDoNotFit) {
  const std::vector<std::pair<std::string, std::uint32_t>> faults{
      {"embedding_length", 0},           {"block_count", 4'000'000'000U}, {"attention.head_count_kv", 3},
      {"attention.head_count", 100},     {"rope.dimension_count", 3},     {"rope.dimension_count", 6},
      {"expert_used_count", 5},          {"expert_used_count", 0},        {"expert_group_count", 3},
      {"leading_dense_block_count", ~0U}};
  for (const auto& [key, value] : faults) {
    TinyModel model;
    model.numbers["expert_group_used_count"] = 1;
    model.numbers[key] = value;
    EXPECT_EQ(error_of(model).code, Errc::malformed) << key << " = " << value;
  }
}

// Goal: no header ends the process, neither while loading nor in the first forward pass. Method: every byte
// before the weights is replaced by others; what still loads must compute or refuse.
TEST(ModelConfig, BearsAnyByteOfTheHeaderReplaced) {
  const std::string good = TinyModel().bytes();
  const auto file = GgufFile::parse(bytes_of(good), "x.gguf");
  ASSERT_TRUE(file) << file.error().message;
  const std::size_t header_size = file->tensors().front().offset;
  const std::vector<std::int32_t> tokens{1, 2};
  std::size_t num_computed = 0;
  for (std::size_t i = 0; i < header_size; ++i) {
    for (const char replacement : {'\0', '\x01', '\x02', '\x7f', '\xff'}) {
      std::string data = good;
      data[i] = replacement;
      const auto loaded = load(data);
      if (!loaded) continue;
      KeyValueState state = loaded->new_sequence();
      const SequenceChunk chunk{.tokens = tokens, .state = &state};
      if (loaded->forward_blocking({&chunk, 1})) ++num_computed;
    }
  }
  EXPECT_GT(num_computed, 0U);
}

TEST(ModelWeights, ListsAllMissingTensorsAtOnce) {
  TinyModel model;
  model.tensors.erase("blk.0.attn_q_norm.weight");
  model.tensors.erase("blk.1.ffn_up_exps.weight");
  const Error error = error_of(model);
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("blk.0.attn_q_norm.weight"), HasSubstr("blk.1.ffn_up_exps.weight")));
}

TEST(ModelWeights, SaysBothShapesOfATensorThatDoesNotFit) {
  TinyModel model;
  model.tensors["blk.1.attn_k.weight"] = {8, 5};
  const Error error = error_of(model);
  EXPECT_EQ(error.code, Errc::malformed);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("blk.1.attn_k.weight"), HasSubstr("[8, 5]"), HasSubstr("[8, 4]")));
}

TEST(ModelWeights, RefusesATensorThatItWouldLeaveOut) {
  TinyModel model;
  model.tensors["blk.1.attn_q.bias"] = {8};
  EXPECT_THAT(error_of(model).message, HasSubstr("blk.1.attn_q.bias"));
}

}  // namespace
}  // namespace lyceum::model
