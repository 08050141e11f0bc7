#include "model/files/hugging_face.hpp"

#include <filesystem>
#include <functional>

#include <gtest/gtest.h>

#include "model/inspect.hpp"
#include "model/logits.hpp"
#include "model/quantize.hpp"
#include "tests/unit/model/files/hugging_face_folder.hpp"

namespace lyceum::model {
namespace {

std::string shared_model(const std::string& name) {
  return std::string(LYCEUM_SHARED_MODELS) + "/tiny-" + name + "-f32.gguf";
}

Json common_config(const std::string& name, std::uint32_t num_layers, std::uint32_t num_kv_heads) {
  return {{"architectures", {name}},
          {"hidden_act", "silu"},
          {"max_position_embeddings", 512},
          {"hidden_size", 64},
          {"num_hidden_layers", num_layers},
          {"num_attention_heads", 4},
          {"num_key_value_heads", num_kv_heads},
          {"rms_norm_eps", 1e-6}};
}

Json deepseek_config(const std::string& name) {
  Json config = common_config(name, 3, 4);
  config.update({{"intermediate_size", 160},
                 {"moe_intermediate_size", 32},
                 {"n_routed_experts", 16},
                 {"num_experts_per_tok", 4},
                 {"first_k_dense_replace", 1},
                 {"q_lora_rank", 48},
                 {"kv_lora_rank", 32},
                 {"qk_nope_head_dim", 24},
                 {"qk_rope_head_dim", 16},
                 {"v_head_dim", 32},
                 {"moe_layer_freq", 1}});
  return config;
}

Json config_of(const std::string& model) {
  if (model == "mixtral") {
    Json config = common_config("MixtralForCausalLM", 2, 2);
    config.update({{"intermediate_size", 96},
                   {"num_local_experts", 4},
                   {"num_experts_per_tok", 2},
                   {"rms_norm_eps", 1e-5},
                   {"rope_theta", 1e6}});
    return config;
  }
  if (model.starts_with("qwen3")) {
    const bool has_experts = model == "qwen3moe";
    Json config = common_config(has_experts ? "Qwen3MoeForCausalLM" : "Qwen3ForCausalLM", 2, 2);
    config.update({{"intermediate_size", 160},
                   {"head_dim", 32},
                   {"rope_parameters", {{"rope_theta", 1e6}}},
                   {"tie_word_embeddings", !has_experts}});
    if (has_experts)
      config.update({{"num_experts", 8},
                     {"num_experts_per_tok", 2},
                     {"moe_intermediate_size", 32},
                     {"norm_topk_prob", true}});
    return config;
  }
  if (model == "olmoe") {
    Json config = common_config("OlmoeForCausalLM", 2, 4);
    config.update({{"intermediate_size", 32},
                   {"num_experts", 8},
                   {"num_experts_per_tok", 4},
                   {"rms_norm_eps", 1e-5},
                   {"norm_topk_prob", false}});
    return config;
  }
  if (model == "qwen2moe") {
    Json config = common_config("Qwen2MoeForCausalLM", 2, 4);
    config.update({{"intermediate_size", 128},
                   {"moe_intermediate_size", 32},
                   {"num_experts", 8},
                   {"num_experts_per_tok", 2},
                   {"shared_expert_intermediate_size", 96},
                   {"rope_theta", 1e6},
                   {"norm_topk_prob", false},
                   {"decoder_sparse_step", 1},
                   {"mlp_only_layers", Json::array()}});
    return config;
  }
  if (model == "deepseek2-mla") {
    Json config = deepseek_config("DeepseekV3ForCausalLM");
    config.update({{"n_shared_experts", 2},
                   {"routed_scaling_factor", 2.5},
                   {"norm_topk_prob", true},
                   {"scoring_func", "sigmoid"},
                   {"topk_method", "noaux_tc"},
                   {"n_group", 4},
                   {"topk_group", 2}});
    return config;
  }
  Json config = deepseek_config("DeepseekV2ForCausalLM");
  config.update({{"n_shared_experts", 1},
                 {"norm_topk_prob", false},
                 {"scoring_func", "softmax"},
                 {"topk_method", "greedy"},
                 {"rope_scaling",
                  {{"type", "yarn"},
                   {"factor", 4.0},
                   {"original_max_position_embeddings", 128},
                   {"mscale_all_dim", 0.707}}}});
  return config;
}

class HuggingFaceModel : public ::testing::TestWithParam<const char*> {};

/// Goal: a folder computes what the GGUF file of the same weights computes, to the bit, and cuts texts alike.
TEST_P(HuggingFaceModel, GivesTheLogitsAndTokensOfTheSameModelAsGguf) {
  const std::string model = GetParam();
  const auto file = GgufFile::open_blocking(shared_model(model));
  if (!file) GTEST_SKIP() << "no model files at " << LYCEUM_SHARED_MODELS;
  const TemporaryFolder folder;
  HuggingFaceFolder(*file, config_of(model), folder).write(2);

  const std::string output = folder / "out.gguf";
  const auto report = quantize_model_blocking({.input = folder.path(), .output = output, .type = "f32"});

  ASSERT_TRUE(report) << report.error().message;
  const LogitsRequest request{.prompt = "The 12 cats' naïve <s> 猫!\n\n  end", .num_greedy = 4};
  const auto expected = compute_logits_blocking(shared_model(model), request);
  const auto found = compute_logits_blocking(output, request);
  ASSERT_TRUE(expected && found) << (found ? "" : found.error().message);
  EXPECT_EQ(found->tokens, expected->tokens);
  EXPECT_EQ(found->last_logits, expected->last_logits);
  EXPECT_EQ(found->greedy, expected->greedy);
  const auto converted = GgufFile::open_blocking(output);
  for (const char* key : {"tokenizer.chat_template", "general.architecture"})
    EXPECT_EQ(*converted->get_string(key), *file->get_string(key));
  for (const char* key : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"})
    EXPECT_EQ(*converted->get_u32(key), *file->get_u32(key));
}

std::string suite_name(const ::testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Families, HuggingFaceModel,
                         ::testing::Values("qwen3moe", "qwen3-dense", "mixtral", "olmoe", "qwen2moe",
                                           "deepseek2-mla", "deepseek2-legacy"),
                         suite_name);

/// As a file gives it: integers that are not negative are unsigned.
Json as_read(const Json& config) {
  return Json::parse(config.dump());
}

/// The message for a config.json, without the path.
std::string config_error(const Json& config) {
  GgufHeader header;
  const auto read = read_hugging_face_config(as_read(config), "config.json", header);
  return read ? "no error" : read.error().message;
}

Json changed(const std::function<void(Json&)>& change) {
  Json config = config_of("olmoe");
  change(config);
  return config;
}

TEST(HuggingFaceConfig, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(config_error(changed([](Json&) {})), "no error");
  EXPECT_TRUE(config_error(changed([](Json& c) {
                c["architectures"] = {"GPT2LMHeadModel"};
              })).starts_with("config.json: architectures: expected one of LlamaForCausalLM, "));
  EXPECT_EQ(config_error(changed([](Json& c) { c["hidden_act"] = "gelu"; })),
            "config.json: hidden_act: expected silu, found \"gelu\"");
  EXPECT_EQ(config_error(changed([](Json& c) {
              c["rope_scaling"] = {{"type", "ntk"}};
            })),
            "config.json: rope_scaling: expected default, linear, yarn or llama3, found \"ntk\"");
  EXPECT_EQ(config_error(changed([](Json& c) { c["clip_qkv"] = 8.0; })),
            "config.json: clip_qkv: expected none, found \"a number\"");
}

TEST(HuggingFaceConfig, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(config_error(Json::array()), "config.json: expected an object");
  EXPECT_EQ(config_error(changed([](Json& c) { c.erase("hidden_size"); })),
            "config.json: hidden_size: expected an integer");
  EXPECT_EQ(config_error(changed([](Json& c) { c["num_hidden_layers"] = -1; })),
            "config.json: num_hidden_layers: expected an integer within 32 bits");
  EXPECT_EQ(config_error(changed([](Json& c) { c["num_attention_heads"] = 0; })),
            "config.json: num_attention_heads: expected 1 or more");
  EXPECT_EQ(config_error(changed([](Json& c) { c["rms_norm_eps"] = "small"; })),
            "config.json: rms_norm_eps: expected a number");
}

TEST(HuggingFaceConfig, StretchesLongWavesInLlama3sWay) {
  Json config = config_of("mixtral");
  config["rope_theta"] = 500000.0;
  config["head_dim"] = 128;
  config["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", 8.0},
                            {"low_freq_factor", 1.0},
                            {"high_freq_factor", 4.0},
                            {"original_max_position_embeddings", 8192}};
  GgufHeader header;

  const auto read = read_hugging_face_config(as_read(config), "config.json", header);

  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->rope_divisors.size(), 64U);
  EXPECT_EQ(read->rope_divisors.front(), 1.0F);
  EXPECT_EQ(read->rope_divisors.back(), 8.0F);
  EXPECT_TRUE(std::ranges::is_sorted(read->rope_divisors));
  EXPECT_GT(read->rope_divisors[30], 1.0F);
  EXPECT_LT(read->rope_divisors[30], 8.0F);
}

/// A folder of the tiny OLMoE model, to break before it is opened.
class BrokenFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto file = GgufFile::open_blocking(shared_model("olmoe"));
    if (!file) GTEST_SKIP() << "no model files at " << LYCEUM_SHARED_MODELS;
    HuggingFaceFolder(*file, config_of("olmoe"), folder_).write();
  }

  std::string error() const {
    const auto source = open_source_model_blocking(folder_.path());
    return source ? "no error" : source.error().message.substr(folder_.path().size());
  }

  void rename_tensor(const std::string& from, const std::string& to) {
    std::string bytes = folder_.read("model.safetensors");
    const auto at = bytes.find("\"" + from + "\"");
    ASSERT_NE(at, std::string::npos);
    ASSERT_EQ(from.size(), to.size());
    folder_.write("model.safetensors", bytes.replace(at + 1, to.size(), to));
  }

  TemporaryFolder folder_{};
};

TEST_F(BrokenFolder, LoadsWithoutAFileBetween) {
  const LogitsRequest request{.tokens = {1, 2, 3}};

  const auto found = compute_logits_blocking(folder_.path(), request);

  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->last_logits, compute_logits_blocking(shared_model("olmoe"), request)->last_logits);
}

TEST_F(BrokenFolder, NamesUnknownTensors) {
  EXPECT_EQ(error(), "no error");
  rename_tensor("model.layers.1.self_attn.q_norm.weight", "model.layers.1.self_attn.x_norm.weight");
  EXPECT_EQ(error(), ": tensors that are not known: \"model.layers.1.self_attn.x_norm.weight\"");
}

TEST_F(BrokenFolder, ListsMissingExperts) {
  rename_tensor("model.layers.1.mlp.experts.5.up_proj.weight", "model.layers.9.mlp.experts.5.up_proj.weight");
  EXPECT_EQ(error(), ": missing tensors: \"blk.1.ffn_up_exps.weight, expert 5\"");
}

TEST_F(BrokenFolder, NamesFilesThatAreMissingOrNoJson) {
  folder_.write("tokenizer.json", "{\"model\":");
  EXPECT_TRUE(error().starts_with("/tokenizer.json: ")) << error();
  std::filesystem::remove(folder_ / "tokenizer.json");
  EXPECT_TRUE(error().starts_with("/tokenizer.json: ")) << error();
  std::filesystem::remove(folder_ / "config.json");
  EXPECT_TRUE(error().starts_with("/config.json: ")) << error();
}

TEST_F(BrokenFolder, IsInspectedLikeAFile) {
  const auto summary = inspect_model_blocking(folder_.path());
  ASSERT_TRUE(summary) << summary.error().message;
  const auto file = inspect_model_blocking(shared_model("olmoe"));
  EXPECT_EQ(summary->format, "Hugging Face folder");
  EXPECT_EQ(summary->architecture, "olmoe");
  EXPECT_EQ(summary->num_parameters, file->num_parameters);
  EXPECT_EQ(summary->num_active_parameters, file->num_active_parameters);
  EXPECT_EQ(summary->kv_bytes_per_token, file->kv_bytes_per_token);
  EXPECT_EQ(summary->vocab_size, file->vocab_size);
  EXPECT_EQ(summary->tokenizer_problem, "");
  EXPECT_EQ(summary->chat_template_problem, "");
  EXPECT_TRUE(summary->has_chat_template);
}

}  // namespace
}  // namespace lyceum::model
