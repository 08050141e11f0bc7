#include "base/files.hpp"
#include "model/blended.hpp"
#include "model/files/gguf_writer.hpp"
#include "model/files/quantization_mix.hpp"
#include "model/tokenizer/tokenizer_json.hpp"
#include "model/training.hpp"
#include "model/training/checkpoint.hpp"
#include "model/verbs/verbs.hpp"
#include "model/word_vectors.hpp"

namespace lyceum::model {
namespace {

constexpr const char* kArchitecture = "qwen3moe";
constexpr std::size_t kMaxBlendBytes = 1U << 20U;

struct ExportedTensor {
  std::string name{};
  std::vector<std::uint64_t> shape{};  ///< Fastest dimension first
  std::vector<float> values{};
};

/// Splits the flat parameters into the tensors of the file format.
class TensorList {
 public:
  explicit TensorList(const Checkpoint& checkpoint)
      : shape_(checkpoint.shape), layout_(checkpoint.shape), parameters_(checkpoint.parameters) {}

  std::vector<ExportedTensor> take() {
    add("token_embd", {shape_.num_hidden, shape_.vocabulary_size}, layout_.embedding());
    for (std::size_t index = 0; index < shape_.num_layers; ++index) add_layer(index);
    add("output_norm", {shape_.num_hidden}, layout_.output_norm());
    return std::move(tensors_);
  }

 private:
  void add_layer(std::size_t index) {
    const std::string prefix = "blk." + std::to_string(index) + ".";
    const LayerOffsets& layer = layout_.layer(index);
    const std::size_t hidden = shape_.num_hidden;
    const std::size_t inner = shape_.num_inner;
    const std::size_t query_size = shape_.query_size();
    const std::size_t key_size = shape_.num_kv_heads * shape_.head_dim;
    add(prefix + "attn_norm", {hidden}, layer.attention_norm);
    add(prefix + "attn_q", {hidden, query_size}, layer.query_key_value);
    add(prefix + "attn_k", {hidden, key_size}, layer.query_key_value + query_size * hidden);
    add(prefix + "attn_v", {hidden, key_size}, layer.query_key_value + (query_size + key_size) * hidden);
    add(prefix + "attn_q_norm", {shape_.head_dim}, layer.query_norm);
    add(prefix + "attn_k_norm", {shape_.head_dim}, layer.key_norm);
    add(prefix + "attn_output", {query_size, hidden}, layer.attention_output);
    add(prefix + "ffn_norm", {hidden}, layer.feed_forward_norm);
    add(prefix + "ffn_gate_inp", {hidden, shape_.num_experts}, layer.router);
    add_experts(prefix + "ffn_gate_exps", layer.gate_up);
    add_experts(prefix + "ffn_up_exps", layer.gate_up + inner * hidden);
    add(prefix + "ffn_down_exps", {inner, hidden, shape_.num_experts}, layer.down);
  }

  void add(const std::string& name, std::vector<std::uint64_t> shape, std::size_t offset) {
    std::uint64_t size = 1;
    for (const std::uint64_t extent : shape) size *= extent;
    const auto values = parameters_.subspan(offset, size);
    tensors_.push_back({name + ".weight", std::move(shape), {values.begin(), values.end()}});
  }

  /// Half of each expert's gate and up matrix.
  void add_experts(const std::string& name, std::size_t offset) {
    const std::size_t size = shape_.num_inner * shape_.num_hidden;
    ExportedTensor& tensor = tensors_.emplace_back();
    tensor.name = name + ".weight";
    tensor.shape = {shape_.num_hidden, shape_.num_inner, shape_.num_experts};
    for (std::size_t expert = 0; expert < shape_.num_experts; ++expert) {
      const auto values = parameters_.subspan(offset + expert * 2 * size, size);
      tensor.values.insert(tensor.values.end(), values.begin(), values.end());
    }
  }

  DecoderShape shape_;
  ParameterLayout layout_;
  std::span<const float> parameters_;
  std::vector<ExportedTensor> tensors_{};
};

void set_extents(const DecoderShape& shape, std::size_t experts_used, GgufHeader& header) {
  const auto set = [&](const char* key, std::size_t value) {
    header.set_u32(std::string(kArchitecture) + "." + key, static_cast<std::uint32_t>(value));
  };
  set("block_count", shape.num_layers);
  set("context_length", shape.context_length);
  set("embedding_length", shape.num_hidden);
  set("feed_forward_length", shape.num_inner);
  set("expert_feed_forward_length", shape.num_inner);
  set("expert_count", shape.num_experts);
  set("expert_used_count", experts_used);
  set("attention.head_count", shape.num_heads);
  set("attention.head_count_kv", shape.num_kv_heads);
  set("attention.key_length", shape.head_dim);
  set("attention.value_length", shape.head_dim);
  set("rope.dimension_count", shape.head_dim);
  header.set_f32("qwen3moe.attention.layer_norm_rms_epsilon", shape.norm_epsilon);
  header.set_f32("qwen3moe.rope.freq_base", static_cast<float>(shape.rope_base));
}

/// Ids that no text has are filled up; ids beyond the embedding are an error.
Result<void> set_tokenizer_blocking(const std::string& path, std::size_t vocabulary_size,
                                    GgufHeader& header) {
  TRY(const Json json, read_json_file_blocking(path, kMaxTokenizerJsonBytes));
  TRY(const std::size_t num_tokens, set_tokenizer_metadata(json, path, header, vocabulary_size));
  if (num_tokens > vocabulary_size) {
    return Error{Errc::malformed, path + ": expected ids below " + std::to_string(vocabulary_size) +
                                      ", the model's vocabulary, found " + std::to_string(num_tokens - 1)};
  }
  return ok();
}

Result<void> set_blend_blocking(const std::string& path, GgufHeader& header) {
  TRY(const Json json, read_json_file_blocking(path, kMaxBlendBytes));
  TRY(const Blend blend, read_blend(json));
  header.set_string(kBlendKey, dump_json(to_json(blend)));
  return ok();
}

}  // namespace

Result<void> export_checkpoint_blocking(const ExportRequest& request) {
  TRY(const QuantizationMix mix, find_mix(request.type));
  TRY(const Checkpoint checkpoint, read_checkpoint_blocking(request.checkpoint));
  const DecoderShape& shape = checkpoint.shape;
  if (request.num_experts_used == 0 || request.num_experts_used > shape.num_experts)
    return Error{Errc::invalid_argument,
                 "the model can use 1.." + std::to_string(shape.num_experts) + " experts a token"};
  GgufHeader header;
  header.set_string("general.architecture", kArchitecture);
  header.set_string("general.name", request.name);
  if (!request.license.empty()) header.set_string("general.license", request.license);
  if (!request.description.empty()) header.set_string("general.description", request.description);
  header.set_u32("general.file_type", mix.file_type);
  header.set_u32("lyceum.verbs.version", kVerbsVersion);
  set_extents(shape, request.num_experts_used, header);
  if (!request.tokenizer.empty())
    TRY_OK(set_tokenizer_blocking(request.tokenizer, shape.vocabulary_size, header));
  if (!request.blend.empty()) TRY_OK(set_blend_blocking(request.blend, header));
  if (!request.vectors.empty()) {
    TRY(const WordVectors vectors, WordVectors::of_file_blocking(request.vectors));
    if (vectors.empty()) return Error{Errc::malformed, request.vectors + ": holds no vectors of words"};
    vectors.store(header);
  }
  const std::vector<ExportedTensor> tensors = TensorList(checkpoint).take();
  for (const ExportedTensor& tensor : tensors) {
    const MixPlace place{.num_layers = static_cast<std::uint32_t>(shape.num_layers), .has_output = false};
    header.add_tensor(tensor.name, tensor.shape, type_in_mix(mix, tensor.name, tensor.shape, place));
  }
  TRY(GgufWriter writer, GgufWriter::create_blocking(request.output, header, {.may_replace = true}));
  for (const ExportedTensor& tensor : tensors) TRY_OK(writer.write_values_blocking(tensor.values));
  return writer.finish_blocking();
}

}  // namespace lyceum::model
