#include "model/inspect.hpp"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <span>
#include <tuple>

#include "model/chat/chat_template.hpp"
#include "model/files/gguf.hpp"
#include "model/files/source_model.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {
namespace {

constexpr std::uint64_t kF16Bytes = 2;

/// Nothing when it does not fit: the factors come from a file.
std::optional<std::uint64_t> product(std::initializer_list<std::uint64_t> factors) {
  std::uint64_t out = 1;
  for (const std::uint64_t factor : factors) {
    if (__builtin_mul_overflow(out, factor, &out)) return std::nullopt;
  }
  return out;
}

std::optional<std::uint64_t> sum(std::uint64_t a, std::uint64_t b) {
  std::uint64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}

/// The entries below "<architecture>.".
class Keys {
 public:
  Keys(const GgufFile& file, std::string_view architecture)
      : file_(file), prefix_(std::string(architecture) + ".") {}

  std::optional<std::uint32_t> find(const std::string& name) const {
    const auto value = file_.get_u32(prefix_ + name);
    return value ? std::optional(*value) : std::nullopt;
  }

  /// One a layer; empty when it is missing.
  std::vector<std::uint32_t> per_layer(const std::string& name, std::uint32_t num_layers) const {
    auto values = file_.get_u32_per_layer(prefix_ + name, num_layers);
    return values ? *std::move(values) : std::vector<std::uint32_t>{};
  }

 private:
  const GgufFile& file_;
  std::string prefix_;
};

/// With latent attention one latent row and the turning part of the keys stand for all heads.
std::optional<std::uint64_t> kv_bytes_per_token(const Keys& keys, std::uint32_t num_layers) {
  if (const auto kv_rank = keys.find("attention.kv_lora_rank")) {
    const auto rope_dims = keys.find("rope.dimension_count");
    if (!rope_dims) return std::nullopt;
    return product({num_layers, std::uint64_t{*kv_rank} + *rope_dims, kF16Bytes});
  }
  const auto num_heads = keys.find("attention.head_count");
  const auto num_hidden = keys.find("embedding_length");
  if (!num_heads || *num_heads == 0 || !num_hidden) return std::nullopt;
  const std::uint64_t head_dim = *num_hidden / *num_heads;
  const std::uint64_t width = keys.find("attention.key_length").value_or(head_dim) +
                              keys.find("attention.value_length").value_or(head_dim);
  auto num_kv_heads = keys.per_layer("attention.head_count_kv", num_layers);
  if (num_kv_heads.empty()) num_kv_heads.assign(num_layers, *num_heads);
  std::uint64_t total_heads = 0;
  for (const std::uint32_t count : num_kv_heads) total_heads += count;
  return product({total_heads, width, kF16Bytes});
}

/// A tensor, of a file or of a folder.
struct Weight {
  std::string_view name{};
  TensorType type = TensorType::f32;
  std::uint64_t num_values = 0;
  std::uint64_t size_bytes = 0;   ///< 0: not known
  std::uint64_t num_experts = 0;  ///< That lie side by side in it; 0: none
};

/// Experts lie side by side in one tensor, slowest dimension last.
std::uint64_t experts_in(std::string_view name, std::span<const std::uint64_t> shape) {
  return shape.size() == 3 && name.find("_exps.") != std::string_view::npos ? shape[2] : 0;
}

std::vector<Weight> weights_of(const GgufFile& file) {
  std::vector<Weight> weights;
  for (const GgufTensor& tensor : file.tensors()) {
    weights.push_back(
        {.name = tensor.name,
         .type = tensor.type,
         .num_values = tensor.num_values(),
         .size_bytes = tensor.bytes.size(),
         .num_experts = experts_in(tensor.name, std::span(tensor.shape).first(tensor.num_dims))});
  }
  return weights;
}

std::vector<Weight> weights_of(const SourceModel& source) {
  std::vector<Weight> weights;
  for (const SourceTensor& tensor : source.tensors) {
    Weight weight{.name = tensor.name,
                  .type = tensor.parts.front().tensor->type,
                  .num_values = tensor.num_rows() * tensor.shape[0],
                  .num_experts = experts_in(tensor.name, tensor.shape)};
    for (const TensorPart& part : tensor.parts) weight.size_bytes += part.tensor->bytes.size();
    weights.push_back(weight);
  }
  return weights;
}

void add_weights(const std::vector<Weight>& weights, ModelSummary& summary) {
  std::map<TensorType, TypeShare> shares;
  for (const Weight& weight : weights) {
    TypeShare& share = shares[weight.type];
    ++share.num_tensors;
    if (weight.size_bytes == 0) continue;
    share.num_parameters += weight.num_values;
    share.size_bytes += weight.size_bytes;
    summary.num_active_parameters +=
        weight.num_experts == 0
            ? weight.num_values
            : weight.num_values / weight.num_experts * std::min(summary.num_experts_used, weight.num_experts);
  }
  for (auto& [type, share] : shares) {
    share.type = name_of(type);
    share.is_supported = is_supported(type);
    summary.num_parameters += share.num_parameters;
    summary.weight_bytes += share.size_bytes;
    summary.types.push_back(share);
  }
  std::sort(summary.types.begin(), summary.types.end(), [](const TypeShare& a, const TypeShare& b) {
    return std::tie(b.size_bytes, a.type) < std::tie(a.size_bytes, b.type);
  });
}

void add_template(const GgufFile& file, ModelSummary& summary) {
  summary.has_chat_template = file.has("tokenizer.chat_template");
  if (!summary.has_chat_template) return;
  if (const auto text = file.get_string("tokenizer.chat_template")) summary.chat_template = *text;
  const auto parsed = ChatTemplate::from_gguf(file);
  if (!parsed) summary.chat_template_problem = parsed.error().message;
}

void add_tokenizer(const GgufFile& file, ModelSummary& summary) {
  const auto model = file.get_string("tokenizer.ggml.model");
  if (!model) return;
  summary.tokenizer = *model;
  if (const auto pre = file.get_string("tokenizer.ggml.pre")) summary.pre_tokenizer = *pre;
  if (const auto texts = file.get_strings("tokenizer.ggml.tokens")) summary.vocab_size = texts->size();
  const auto tokenizer = Tokenizer::from_gguf(file);
  if (!tokenizer) summary.tokenizer_problem = tokenizer.error().message;
}

/// What the metadata say; `summary` has path, format and sizes.
Result<ModelSummary> summarize(const GgufFile& file, const std::vector<Weight>& weights,
                               ModelSummary summary) {
  TRY(const auto architecture, file.get_string("general.architecture"));
  summary.architecture = architecture;
  if (const auto name = file.get_string("general.name")) summary.name = *name;
  const Keys keys(file, architecture);
  summary.num_layers = keys.find("block_count");
  summary.context_length = keys.find("context_length");
  summary.num_experts = keys.find("expert_count").value_or(0);
  summary.num_experts_used = keys.find("expert_used_count").value_or(0);
  add_weights(weights, summary);
  add_tokenizer(file, summary);
  add_template(file, summary);
  constexpr std::uint32_t kMaxLayers = 65'536;
  if (summary.num_layers && *summary.num_layers <= kMaxLayers)
    summary.kv_bytes_per_token = kv_bytes_per_token(keys, *summary.num_layers);
  if (summary.kv_bytes_per_token && summary.context_length) {
    const auto kv_bytes = product({*summary.kv_bytes_per_token, *summary.context_length});
    if (kv_bytes) summary.memory_bytes = sum(summary.weight_bytes, *kv_bytes);
  }
  return summary;
}

}  // namespace

Result<ModelSummary> inspect_model_blocking(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) {
    TRY(const GgufFile file, GgufFile::open_blocking(path));
    return summarize(
        file, weights_of(file),
        {.path = path, .format = "GGUF " + std::to_string(file.version()), .file_bytes = file.size_bytes()});
  }
  TRY(const SourceModel source, open_source_model_blocking(path));
  const std::string metadata = source.metadata.metadata_bytes();
  TRY(const GgufFile file, GgufFile::parse(std::as_bytes(std::span(metadata)), path));
  return summarize(file, weights_of(source),
                   {.path = path, .format = "Hugging Face folder", .file_bytes = source.size_bytes});
}

}  // namespace lyceum::model
