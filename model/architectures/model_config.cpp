#include "model/architectures/model_config.hpp"

#include <cmath>

#include "model/files/gguf.hpp"

namespace lyceum::model {
namespace {

/// No published model comes near; keeps products of two extents within 64 bits.
constexpr std::uint32_t kMaxExtent = 1U << 24U;
constexpr std::uint32_t kMaxLayers = 4096;

/// The keys below an architecture's name.
class Keys {
 public:
  Keys(const GgufFile& file, std::string_view architecture) : file_(file), prefix_(architecture) {
    prefix_ += ".";
  }

  std::string name(std::string_view key) const { return prefix_ + std::string(key); }

  bool has(std::string_view key) const { return file_.has(name(key)); }

  Result<std::size_t> extent(std::string_view key) const {
    TRY(const std::uint32_t value, file_.get_u32(name(key)));
    return checked(key, value);
  }

  Result<std::size_t> extent_or(std::string_view key, std::size_t fallback) const {
    if (!has(key)) return fallback;
    return extent(key);
  }

  /// As `extent_or`, but 0 is a value.
  Result<std::size_t> count_or_zero(std::string_view key) const {
    TRY(const std::uint32_t value, file_.get_u32_or(name(key), 0));
    if (value == 0) return std::size_t{0};
    return checked(key, value);
  }

  Result<float> number_or(std::string_view key, float fallback) const {
    TRY(const float value, file_.get_f32_or(name(key), fallback));
    if (!std::isfinite(value)) return wrong(key, "a finite number");
    return value;
  }

  Result<bool> flag_or(std::string_view key, bool fallback) const {
    return file_.get_bool_or(name(key), fallback);
  }

  Result<std::string_view> text_or(std::string_view key, std::string_view fallback) const {
    return file_.get_string_or(name(key), fallback);
  }

  Error wrong(std::string_view key, const std::string& expected) const {
    return Error{Errc::malformed, file_.path() + ": " + name(key) + " must be " + expected};
  }

  Error unsupported(std::string_view key, const std::string& value, const std::string& known) const {
    return Error{Errc::unsupported,
                 file_.path() + ": " + name(key) + " is \"" + value.substr(0, 64) + "\"; known are " + known};
  }

 private:
  Result<std::size_t> checked(std::string_view key, std::uint32_t value) const {
    if (value == 0 || value > kMaxExtent) return wrong(key, "1.." + std::to_string(kMaxExtent));
    return std::size_t{value};
  }

  const GgufFile& file_;
  std::string prefix_;
};

Result<void> read_latent(const Keys& keys, std::size_t rope_dims, AttentionConfig& attention) {
  LatentAttention latent;
  TRY(latent.query_rank, keys.count_or_zero("attention.q_lora_rank"));
  TRY(latent.kv_rank, keys.extent("attention.kv_lora_rank"));
  // With keys and values split at conversion, key_length is that of the latent row.
  const bool is_split = keys.has("attention.key_length_mla");
  const auto* key_length = is_split ? "attention.key_length_mla" : "attention.key_length";
  TRY(attention.key_dim, keys.extent(key_length));
  TRY(attention.value_dim, keys.extent(is_split ? "attention.value_length_mla" : "attention.value_length"));
  if (attention.key_dim <= rope_dims) return keys.wrong(key_length, "above rope.dimension_count");
  latent.plain_dim = attention.key_dim - rope_dims;
  attention.num_kv_heads = 1;
  attention.latent = latent;
  return ok();
}

Result<void> read_attention(const Keys& keys, ModelConfig& config) {
  AttentionConfig& attention = config.attention;
  TRY(attention.num_heads, keys.extent("attention.head_count"));
  if (config.architecture.is_latent) {
    TRY(config.rope.dims, keys.extent("rope.dimension_count"));
    TRY_OK(read_latent(keys, config.rope.dims, attention));
  } else {
    TRY(attention.num_kv_heads, keys.extent_or("attention.head_count_kv", attention.num_heads));
    if (attention.num_heads % attention.num_kv_heads != 0)
      return keys.wrong("attention.head_count_kv", "a divisor of attention.head_count");
    const std::size_t head_dim = config.num_hidden / attention.num_heads;
    TRY(attention.key_dim, keys.extent_or("attention.key_length", head_dim));
    TRY(attention.value_dim, keys.extent_or("attention.value_length", head_dim));
    if (attention.key_dim == 0 || attention.value_dim == 0)
      return keys.wrong("attention.head_count", "at most embedding_length");
    TRY(config.rope.dims, keys.extent_or("rope.dimension_count", attention.key_dim));
  }
  if (config.rope.dims % 2 != 0 || config.rope.dims > attention.key_dim)
    return keys.wrong("rope.dimension_count", "even and at most a head's length");
  attention.scale = 1.0F / std::sqrt(static_cast<float>(attention.key_dim));
  return ok();
}

/// YaRN turns and scores grow with the logarithm of the factor (arXiv:2309.00071, eq. 22). Latent attention
/// puts all of it on the scores, by a multiplier of its own.
Result<void> read_yarn(const Keys& keys, ModelConfig& config) {
  kernels::Yarn yarn;
  TRY(const std::size_t original,
      keys.extent_or("rope.scaling.original_context_length", config.context_length));
  yarn.original_context = static_cast<double>(original);
  TRY(yarn.beta_fast, keys.number_or("rope.scaling.yarn_beta_fast", 32.0F));
  TRY(yarn.beta_slow, keys.number_or("rope.scaling.yarn_beta_slow", 1.0F));
  if (yarn.beta_fast <= 0.0 || yarn.beta_slow <= 0.0)
    return keys.wrong("rope.scaling.yarn_beta_fast", "positive, as yarn_beta_slow");
  config.rope.yarn = yarn;
  const double growth = std::log(config.rope.factor);
  if (config.architecture.is_latent) {
    TRY(const float multiplier, keys.number_or("rope.scaling.yarn_log_multiplier", 0.0F));
    const double temperature = 1.0 + static_cast<double>(multiplier) * growth;
    config.attention.scale *= static_cast<float>(temperature * temperature);
    return ok();
  }
  TRY(const float attention_factor, keys.number_or("rope.scaling.attn_factor", 1.0F));
  config.rope.magnitude = static_cast<double>(attention_factor) * (1.0 + 0.1 * growth);
  return ok();
}

Result<void> read_rope(const Keys& keys, ModelConfig& config) {
  TRY(config.rope.base, keys.number_or("rope.freq_base", 10000.0F));
  if (config.rope.base <= 1.0) return keys.wrong("rope.freq_base", "above 1");
  TRY(const std::string_view scaling, keys.text_or("rope.scaling.type", "none"));
  if (scaling == "none") return ok();
  TRY(config.rope.factor, keys.number_or("rope.scaling.factor", 1.0F));
  if (config.rope.factor < 1.0) return keys.wrong("rope.scaling.factor", "at least 1");
  if (scaling == "linear") return ok();
  if (scaling == "yarn") return read_yarn(keys, config);
  return keys.unsupported("rope.scaling.type", std::string(scaling), "none, linear, yarn");
}

Result<kernels::RouterPolicy> read_policy(const Keys& keys, const ModelConfig& config,
                                          std::size_t num_experts) {
  kernels::RouterPolicy policy;
  TRY(policy.top_k, keys.extent("expert_used_count"));
  TRY(const std::size_t gating, keys.count_or_zero("expert_gating_func"));
  if (gating > 2)
    return keys.unsupported("expert_gating_func", std::to_string(gating), "1 (softmax), 2 (sigmoid)");
  if (gating == 2) policy.scores = kernels::RouterScores::sigmoid;
  TRY(policy.renormalizes, keys.flag_or("expert_weights_norm", config.architecture.renormalizes_experts));
  TRY(const float scale, keys.number_or("expert_weights_scale", 0.0F));
  if (scale != 0.0F) policy.scale = scale;  // 0 stands for absent.
  TRY(const std::size_t groups, keys.count_or_zero("expert_group_count"));
  if (groups > 1) {
    policy.num_groups = groups;
    TRY(policy.num_groups_used, keys.extent("expert_group_used_count"));
  }
  if (num_experts % policy.num_groups != 0)
    return keys.wrong("expert_group_count", "a divisor of expert_count");
  if (policy.num_groups_used > policy.num_groups)
    return keys.wrong("expert_group_used_count", "at most expert_group_count");
  if (policy.top_k > num_experts / policy.num_groups * policy.num_groups_used)
    return keys.wrong("expert_used_count", "at most the number of experts in the groups used");
  return policy;
}

Result<std::optional<ExpertsConfig>> read_experts(const Keys& keys, const ModelConfig& config) {
  ExpertsConfig experts;
  TRY(experts.num_experts, keys.count_or_zero("expert_count"));
  if (experts.num_experts == 0) return std::optional<ExpertsConfig>{};
  const bool has_own_length = keys.has("expert_feed_forward_length");
  TRY(experts.num_inner, keys.extent(has_own_length ? "expert_feed_forward_length" : "feed_forward_length"));
  TRY(const std::size_t num_shared, keys.count_or_zero("expert_shared_count"));
  if (num_shared > kMaxExtent / experts.num_inner) return keys.wrong("expert_shared_count", "smaller");
  experts.num_shared_inner = num_shared * experts.num_inner;
  if (config.architecture.has_gated_shared_expert) {
    const bool has_length = keys.has("expert_shared_feed_forward_length");
    TRY(experts.num_shared_inner,
        keys.extent(has_length ? "expert_shared_feed_forward_length" : "feed_forward_length"));
  }
  TRY(experts.policy, read_policy(keys, config, experts.num_experts));
  return std::optional(experts);
}

Result<void> read_layers(const Keys& keys, ModelConfig& config) {
  TRY(const std::size_t num_layers, keys.extent("block_count"));
  if (num_layers > kMaxLayers) return keys.wrong("block_count", "at most " + std::to_string(kMaxLayers));
  TRY(const auto experts, read_experts(keys, config));
  TRY(const std::size_t num_dense, keys.count_or_zero("leading_dense_block_count"));
  config.layers.resize(num_layers);
  for (std::size_t layer = 0; layer < num_layers; ++layer) {
    if (experts && layer >= num_dense) {
      config.layers[layer].experts = experts;
    } else {
      TRY(config.layers[layer].num_inner, keys.extent("feed_forward_length"));
    }
  }
  return ok();
}

}  // namespace

Result<ModelConfig> read_model_config(const GgufFile& file) {
  TRY(const std::string_view name, file.get_string("general.architecture"));
  ModelConfig config;
  TRY(config.architecture, find_architecture(name));
  const Keys keys(file, name);
  TRY(config.context_length, keys.extent("context_length"));
  TRY(config.num_hidden, keys.extent("embedding_length"));
  TRY(config.norm_epsilon, keys.number_or("attention.layer_norm_rms_epsilon", 1e-5F));
  if (config.norm_epsilon < 0.0F) return keys.wrong("attention.layer_norm_rms_epsilon", "at least 0");
  TRY(const GgufTensor* const embedding, file.tensor("token_embd.weight"));
  if (embedding->shape[1] > kMaxExtent)
    return Error{Errc::too_large, file.path() + ": token_embd.weight has too many rows"};
  config.vocabulary_size = embedding->shape[1];
  TRY_OK(read_attention(keys, config));
  TRY_OK(read_rope(keys, config));
  TRY_OK(read_layers(keys, config));
  return config;
}

}  // namespace lyceum::model
