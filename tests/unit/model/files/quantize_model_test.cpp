#include <filesystem>

#include <gtest/gtest.h>

#include "model/files/quantization_mix.hpp"
#include "model/logits.hpp"
#include "model/quantize.hpp"
#include "tests/unit/model/architectures/tiny_model.hpp"
#include "tests/unit/model/files/temporary_folder.hpp"

namespace lyceum::model {
namespace {

std::string shared_model(const std::string& name) {
  return std::string(LYCEUM_SHARED_MODELS) + "/tiny-" + name + ".gguf";
}

TensorType type_of(const char* mix, const char* name, std::vector<std::uint64_t> shape,
                   MixPlace place = {.num_layers = 16}) {
  return type_in_mix(*find_mix(mix), name, shape, place);
}

TEST(QuantizationMix, KeepsRoutersNormsAndBiasesAsF32) {
  for (const char* name : {"blk.0.ffn_gate_inp.weight", "blk.0.ffn_gate_inp_shexp.weight",
                           "blk.0.attn_q_norm.weight", "blk.3.attn_q.bias"})
    EXPECT_EQ(type_of("q4_0", name, {256, 8}), TensorType::f32) << name;
  EXPECT_EQ(type_of("q4_0", "rope_freqs.weight", {256}), TensorType::f32);
}

TEST(QuantizationMix, GivesSensitiveLayersMore) {
  EXPECT_EQ(type_of("q4_k_m", "blk.0.ffn_down_exps.weight", {256, 256, 4}), TensorType::q6_k);
  EXPECT_EQ(type_of("q4_k_m", "blk.3.attn_v.weight", {256, 256}), TensorType::q4_k);
  EXPECT_EQ(type_of("q4_k_m", "blk.4.attn_v.weight", {256, 256}), TensorType::q6_k);
  EXPECT_EQ(type_of("q4_k_m", "blk.15.attn_v.weight", {256, 256}), TensorType::q6_k);
  EXPECT_EQ(type_of("q4_k_m", "blk.15.attn_q.weight", {256, 256}), TensorType::q4_k);
}

TEST(QuantizationMix, TheEmbeddingIsTheOutputWhereThereIsNoOther) {
  EXPECT_EQ(type_of("q4_k_m", "token_embd.weight", {256, 512}), TensorType::q4_k);
  EXPECT_EQ(type_of("q4_k_m", "token_embd.weight", {256, 512}, {.num_layers = 1, .has_output = false}),
            TensorType::q6_k);
}

TEST(QuantizationMix, FallsBackWhereRowsAreNoMultipleOfABlock) {
  EXPECT_EQ(type_of("q4_k_m", "blk.3.attn_q.weight", {96, 512}), TensorType::q8_0);
  EXPECT_EQ(type_of("q4_0", "blk.3.attn_q.weight", {24, 512}), TensorType::f16);
}

TEST(QuantizationMix, NamesTheTypesThatItKnows) {
  const auto mix = find_mix("q3_x");
  ASSERT_FALSE(mix);
  EXPECT_EQ(mix.error().message,
            "type \"q3_x\": expected one of f32, f16, bf16, q8_0, q6_k, q5_k_m, q4_k_m, q4_0");
}

/// Goal: the same choice of types as the program that wrote the reference files.
TEST(QuantizeModel, ChoosesTheTypesOfReferenceFiles) {
  if (!std::filesystem::exists(shared_model("qwen3moe-f32")))
    GTEST_SKIP() << "no model files at " << LYCEUM_SHARED_MODELS;
  const TemporaryFolder folder;
  for (const char* type : {"q8_0", "q4_0", "q4_k_m", "q5_k_m", "q6_k"}) {
    const auto report = quantize_model_blocking({.input = shared_model("qwen3moe-k256-q8_0"),
                                                 .output = folder / "out",
                                                 .type = type,
                                                 .may_replace = true});
    ASSERT_TRUE(report) << report.error().message;
    const auto ours = GgufFile::open_blocking(folder / "out");
    const auto theirs = GgufFile::open_blocking(shared_model("qwen3moe-k256-" + std::string(type)));
    ASSERT_TRUE(ours && theirs);
    ASSERT_EQ(ours->tensors().size(), theirs->tensors().size());
    for (const GgufTensor& tensor : theirs->tensors())
      EXPECT_EQ(ours->find_tensor(tensor.name)->type, tensor.type) << type << " " << tensor.name;
    EXPECT_EQ(*ours->get_u32("general.file_type"), *theirs->get_u32("general.file_type"));
    EXPECT_EQ(report->output_bytes, ours->size_bytes());
    EXPECT_EQ(report->num_fallbacks, 0U);
  }
}

TEST(QuantizeModel, LosesNothingInF32AndLittleInQ8) {
  const TemporaryFolder folder;
  folder.write("in", TinyModel().bytes());
  const LogitsRequest request{.tokens = {1, 2, 3}};
  const auto expected = compute_logits_blocking(folder / "in", request);
  ASSERT_TRUE(expected) << expected.error().message;

  const auto report =
      quantize_model_blocking({.input = folder / "in", .output = folder / "out", .type = "f32"});

  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->types.size(), 1U);
  EXPECT_EQ(compute_logits_blocking(folder / "out", request)->last_logits, expected->last_logits);
  EXPECT_EQ(folder.num_files(), 2U);
}

TEST(QuantizeModel, ReportsFallbacksSizesAndWhatWasQuantisedBefore) {
  const TemporaryFolder folder;
  folder.write("in", TinyModel().bytes());

  const auto first =
      quantize_model_blocking({.input = folder / "in", .output = folder / "half", .type = "q4_k_m"});
  const auto second =
      quantize_model_blocking({.input = folder / "half", .output = folder / "full", .type = "f32"});

  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE(second) << second.error().message;
  // Rows of 8 values: all matrices but the routers take F16.
  EXPECT_EQ(first->num_fallbacks, 15U);
  EXPECT_EQ(first->num_requantized, 0U);
  ASSERT_EQ(first->types.size(), 2U);
  EXPECT_EQ(first->types[0].type, "F16");
  EXPECT_EQ(first->types[0].num_tensors, 15U);
  EXPECT_LT(first->output_bytes, std::filesystem::file_size(folder / "in"));
  EXPECT_EQ(second->num_requantized, 0U);
}

TEST(QuantizeModel, NeverOverwritesUnasked) {
  const TemporaryFolder folder;
  folder.write("in", TinyModel().bytes());
  folder.write("out", "precious");

  const auto report =
      quantize_model_blocking({.input = folder / "in", .output = folder / "out", .type = "f16"});

  EXPECT_EQ(report.error().code, Errc::conflict);
  EXPECT_EQ(folder.read("out"), "precious");
}

TEST(QuantizeModel, SaysWhichTensorAndRowCannotBeQuantised) {
  const TemporaryFolder folder;
  std::string bytes = TinyModel().bytes();
  const auto file = GgufFile::parse(bytes_of(bytes), "in");
  const float infinite = std::numeric_limits<float>::infinity();
  std::memcpy(bytes.data() + file->find_tensor("blk.1.attn_k.weight")->offset + 32, &infinite, 4);
  folder.write("in", bytes);

  const auto report =
      quantize_model_blocking({.input = folder / "in", .output = folder / "out", .type = "f16"});

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().message, (folder / "in") +
                                        ": tensor \"blk.1.attn_k.weight\", rows from 0: value 0 of the row "
                                        "is not finite");
  EXPECT_EQ(folder.num_files(), 1U);
}

}  // namespace
}  // namespace lyceum::model
