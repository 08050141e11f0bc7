#include "bench/synthetic_model.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "model/files/gguf_writer.hpp"
#include "model/files/quantize.hpp"

namespace lyceum {
namespace {

using model::TensorType;

constexpr std::int32_t kNormalToken = 1;
constexpr std::size_t kDistinctRows = 256;

class SyntheticWriter {
 public:
  SyntheticWriter(const SyntheticShape& shape, TensorType most, TensorType better)
      : shape_(shape), most_(most), better_(better) {}

  model::GgufHeader header() const {
    model::GgufHeader header;
    const std::string& name = shape_.architecture;
    header.set_string("general.architecture", name);
    const auto set = [&](const char* key, std::uint32_t value) { header.set_u32(name + "." + key, value); };
    set("context_length", 4096);
    set("embedding_length", shape_.num_hidden);
    set("block_count", shape_.num_layers);
    set("attention.head_count", shape_.num_heads);
    set("attention.head_count_kv", shape_.num_kv_heads);
    set("attention.key_length", shape_.head_dim);
    set("attention.value_length", shape_.head_dim);
    set("feed_forward_length", shape_.num_inner);
    set("expert_count", shape_.num_experts);
    set("expert_used_count", shape_.top_k);
    set("expert_feed_forward_length", shape_.num_inner);
    header.set_f32(name + ".attention.layer_norm_rms_epsilon", 1e-5F);
    header.set_f32(name + ".rope.freq_base", 10000.0F);
    add_tokenizer(header);
    add_tensors(header);
    return header;
  }

  Result<void> write_blocking(model::GgufWriter& writer, const model::GgufHeader::Tensor& tensor) {
    const std::size_t width = tensor.shape[0];
    std::size_t num_rows = 1;
    for (std::size_t dim = 1; dim < tensor.shape.size(); ++dim) num_rows *= tensor.shape[dim];
    if (tensor.type == TensorType::f32) {
      const bool is_norm = tensor.shape.size() == 1;
      std::vector<float> values(width * num_rows, 1.0F);
      if (!is_norm) fill(values, width);
      return writer.write_values_blocking(values);
    }
    const std::size_t num_distinct = std::min(kDistinctRows, num_rows);
    std::vector<float> values(width * num_distinct);
    fill(values, width);
    TRY(const std::uint64_t row_bytes, model::row_size_bytes(tensor.type, width));
    std::vector<std::byte> bytes(row_bytes * num_distinct);
    for (std::size_t row = 0; row < num_distinct; ++row)
      TRY_OK(model::quantize_row(tensor.type, std::span(values).subspan(row * width, width),
                                 std::span(bytes).subspan(row * row_bytes, row_bytes)));
    for (std::size_t row = 0; row < num_rows; row += num_distinct)
      TRY_OK(writer.write_bytes_blocking(
          std::span(bytes).first(std::min(num_distinct, num_rows - row) * row_bytes)));
    return ok();
  }

 private:
  /// Words without meaning: other engines load no file without a vocabulary.
  void add_tokenizer(model::GgufHeader& header) const {
    std::vector<std::string> tokens = {"a", "b", "ab"};
    while (tokens.size() < shape_.vocabulary_size) tokens.push_back("t" + std::to_string(tokens.size()));
    const std::vector<std::int32_t> types(tokens.size(), kNormalToken);
    const std::vector<std::string> merges = {"a b"};
    header.set_string("tokenizer.ggml.model", "gpt2");
    header.set_string("tokenizer.ggml.pre", "olmo");
    header.set_strings("tokenizer.ggml.tokens", tokens);
    header.set_i32s("tokenizer.ggml.token_type", types);
    header.set_strings("tokenizer.ggml.merges", merges);
    header.set_u32("tokenizer.ggml.eos_token_id", 2);
  }

  void add_tensors(model::GgufHeader& header) const {
    const TensorType most = most_;
    const TensorType better = better_;
    const std::uint64_t hidden = shape_.num_hidden;
    const std::uint64_t heads = std::uint64_t{shape_.num_heads} * shape_.head_dim;
    const std::uint64_t kv_heads = std::uint64_t{shape_.num_kv_heads} * shape_.head_dim;
    const bool is_whole_norm = shape_.architecture == "olmoe";
    header.add_tensor("token_embd.weight", {hidden, shape_.vocabulary_size}, most);
    header.add_tensor("output_norm.weight", {hidden}, TensorType::f32);
    header.add_tensor("output.weight", {hidden, shape_.vocabulary_size}, better);
    for (std::uint32_t layer = 0; layer < shape_.num_layers; ++layer) {
      const auto add = [&](const char* part, std::vector<std::uint64_t> extents, TensorType type) {
        header.add_tensor("blk." + std::to_string(layer) + "." + part + ".weight", std::move(extents), type);
      };
      const bool is_better = layer % 2 == 0;
      add("attn_norm", {hidden}, TensorType::f32);
      add("attn_q", {hidden, heads}, most);
      add("attn_k", {hidden, kv_heads}, most);
      add("attn_v", {hidden, kv_heads}, better);
      add("attn_q_norm", {is_whole_norm ? heads : shape_.head_dim}, TensorType::f32);
      add("attn_k_norm", {is_whole_norm ? kv_heads : shape_.head_dim}, TensorType::f32);
      add("attn_output", {heads, hidden}, most);
      add("ffn_norm", {hidden}, TensorType::f32);
      add("ffn_gate_inp", {hidden, shape_.num_experts}, TensorType::f32);
      add("ffn_gate_exps", {hidden, shape_.num_inner, shape_.num_experts}, most);
      add("ffn_up_exps", {hidden, shape_.num_inner, shape_.num_experts}, most);
      add("ffn_down_exps", {shape_.num_inner, hidden, shape_.num_experts}, is_better ? better : most);
    }
  }

  void fill(std::vector<float>& values, std::size_t width) {
    std::normal_distribution<float> normal(0.0F, 1.0F / std::sqrt(static_cast<float>(width)));
    for (float& value : values) value = normal(random_);
  }

  const SyntheticShape& shape_;
  TensorType most_;
  TensorType better_;
  std::minstd_rand random_{7};
};

}  // namespace

Result<SyntheticShape> synthetic_shape(std::string_view name) {
  if (name == "olmoe") return SyntheticShape{};
  if (name == "sigma")
    return SyntheticShape{.architecture = "qwen3moe",
                          .num_layers = 13,
                          .num_hidden = 1536,
                          .num_heads = 16,
                          .num_kv_heads = 4,
                          .num_experts = 96,
                          .top_k = 1,
                          .num_inner = 768};
  return Error{Errc::invalid_argument, "known shapes are olmoe and sigma, not " + std::string(name)};
}

Result<void> write_synthetic_model_blocking(const std::string& path, const SyntheticShape& shape,
                                            std::string_view type) {
  TensorType most = TensorType::q8_0;
  TensorType better = TensorType::q8_0;
  if (type == "q4_k_m") {
    most = TensorType::q4_k;
    better = TensorType::q6_k;
  } else if (type == "bf16") {
    most = better = TensorType::bf16;
  } else if (type != "q8_0") {
    return Error{Errc::invalid_argument, "known types are q8_0, q4_k_m and bf16, not " + std::string(type)};
  }
  SyntheticWriter synthetic(shape, most, better);
  const model::GgufHeader header = synthetic.header();
  TRY(model::GgufWriter writer, model::GgufWriter::create_blocking(path, header));
  for (const auto& tensor : header.tensors()) TRY_OK(synthetic.write_blocking(writer, tensor));
  return writer.finish_blocking();
}

}  // namespace lyceum
