#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <string_view>

#include "model/files/gguf_parser.hpp"
#include "model/files/hugging_face.hpp"

namespace lyceum::model {
namespace {

struct Family {
  std::string_view name{};          ///< In config.json
  std::string_view architecture{};  ///< In GGUF
};

constexpr std::array kFamilies{
    Family{"LlamaForCausalLM", "llama"},          Family{"MistralForCausalLM", "llama"},
    Family{"MixtralForCausalLM", "llama"},        Family{"Qwen2ForCausalLM", "qwen2"},
    Family{"Qwen2MoeForCausalLM", "qwen2moe"},    Family{"Qwen3ForCausalLM", "qwen3"},
    Family{"Qwen3MoeForCausalLM", "qwen3moe"},    Family{"OlmoeForCausalLM", "olmoe"},
    Family{"DeepseekV2ForCausalLM", "deepseek2"}, Family{"DeepseekV3ForCausalLM", "deepseek2"},
};

/// Checks and translates the fields of config.json.
class ConfigReader {
 public:
  ConfigReader(const Json& config, std::string path, GgufHeader& header)
      : config_(config), path_(std::move(path)), header_(header) {}

  Result<HuggingFaceConfig> read() {
    if (!config_.is_object()) return Error{Errc::malformed, path_ + ": expected an object"};
    TRY_OK(read_family());
    TRY_OK(check_unsupported());
    TRY_OK(read_extents());
    TRY_OK(out_.architecture == "deepseek2" ? read_latent_attention() : read_attention());
    TRY_OK(read_rope());
    TRY_OK(read_experts());
    return std::move(out_);
  }

 private:
  Error wrong(const std::string& field, const std::string& expected) const {
    return {Errc::malformed, path_ + ": " + field + ": expected " + expected};
  }

  Error unsupported(const std::string& field, const std::string& found, const std::string& expected) const {
    return {Errc::unsupported,
            path_ + ": " + field + ": expected " + expected + ", found " + model::quoted(found)};
  }

  /// nullptr when it is missing or null.
  static const Json* find(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }

  const Json* find(const char* name) const { return find(config_, name); }

  Result<std::optional<std::uint32_t>> find_integer(const char* name) const {
    const Json* value = find(name);
    if (value == nullptr) return std::optional<std::uint32_t>();
    const bool fits = value->is_number_unsigned() &&
                      value->get<std::uint64_t>() <= std::numeric_limits<std::uint32_t>::max();
    if (!fits) return wrong(name, "an integer within 32 bits");
    return std::optional(value->get<std::uint32_t>());
  }

  Result<std::uint32_t> integer(const char* name) const {
    TRY(const auto value, find_integer(name));
    if (!value) return wrong(name, "an integer");
    return *value;
  }

  Result<float> number_in(const Json& object, const char* name, float fallback) const {
    const Json* value = find(object, name);
    if (value == nullptr) return fallback;
    if (!value->is_number() || !std::isfinite(value->get<double>())) return wrong(name, "a number");
    return value->get<float>();
  }

  bool flag(const char* name, bool fallback) const {
    const Json* value = find(name);
    return value != nullptr && value->is_boolean() ? value->get<bool>() : fallback;
  }

  std::string text_in(const Json& object, const char* name) const {
    const Json* value = find(object, name);
    return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
  }

  std::string key(std::string_view name) const { return out_.architecture + "." + std::string(name); }

  Result<void> copy(const char* from, std::string_view to) {
    TRY(const std::uint32_t value, integer(from));
    header_.set_u32(key(to), value);
    return ok();
  }

  Result<void> copy_optional(const char* from, std::string_view to) {
    TRY(const auto value, find_integer(from));
    if (value) header_.set_u32(key(to), *value);
    return ok();
  }

  Result<void> read_family() {
    const Json* names = find("architectures");
    const bool has_name =
        names != nullptr && names->is_array() && !names->empty() && names->front().is_string();
    if (!has_name) return wrong("architectures", "an array with a name");
    name_ = names->front().get<std::string>();
    std::string known;
    for (const Family& family : kFamilies) {
      if (family.name == name_) out_.architecture = family.architecture;
      known += (known.empty() ? "" : ", ") + std::string(family.name);
    }
    if (out_.architecture.empty()) return unsupported("architectures", name_, "one of " + known);
    header_.set_string("general.architecture", out_.architecture);
    return ok();
  }

  /// Settings that change the arithmetic in ways that the engine does not know.
  Result<void> check_unsupported() const {
    const std::string activation = text_in(config_, "hidden_act");
    if (!activation.empty() && activation != "silu") return unsupported("hidden_act", activation, "silu");
    const bool slides =
        name_ == "MistralForCausalLM" ? find("sliding_window") != nullptr : flag("use_sliding_window", false);
    if (slides) return unsupported("sliding_window", "a window", "none");
    for (const char* each : {"decoder_sparse_step", "moe_layer_freq"}) {
      TRY(const auto step, find_integer(each));
      if (step && *step != 1) return unsupported(each, std::to_string(*step), "1");
    }
    const Json* dense_layers = find("mlp_only_layers");
    if (dense_layers != nullptr && !dense_layers->empty())
      return unsupported("mlp_only_layers", dense_layers->dump(), "none");
    if (find("clip_qkv") != nullptr) return unsupported("clip_qkv", "a number", "none");
    if (find("quantization_config") != nullptr)
      return unsupported("quantization_config", "quantised weights", "F32, F16 or BF16");
    return ok();
  }

  Result<void> read_extents() {
    TRY_OK(copy("max_position_embeddings", "context_length"));
    TRY_OK(copy("hidden_size", "embedding_length"));
    TRY_OK(copy("num_hidden_layers", "block_count"));
    TRY_OK(copy_optional("intermediate_size", "feed_forward_length"));
    TRY(out_.num_layers, integer("num_hidden_layers"));
    TRY(out_.num_heads, integer("num_attention_heads"));
    TRY(const auto num_kv_heads, find_integer("num_key_value_heads"));
    out_.num_kv_heads = num_kv_heads.value_or(out_.num_heads);
    if (out_.num_heads == 0 || out_.num_kv_heads == 0) return wrong("num_attention_heads", "1 or more");
    header_.set_u32(key("attention.head_count"), out_.num_heads);
    header_.set_u32(key("attention.head_count_kv"), out_.num_kv_heads);
    // Families have defaults of their own; a guess would give wrong results without a word.
    if (find("rms_norm_eps") == nullptr) return wrong("rms_norm_eps", "a number");
    TRY(const float epsilon, number_in(config_, "rms_norm_eps", 0.0F));
    header_.set_f32(key("attention.layer_norm_rms_epsilon"), epsilon);
    out_.ties_output = flag("tie_word_embeddings", false);
    return ok();
  }

  Result<void> read_attention() {
    TRY(const std::uint32_t num_hidden, integer("hidden_size"));
    TRY(const auto head_dim, find_integer("head_dim"));
    head_dim_ = head_dim.value_or(num_hidden / out_.num_heads);
    header_.set_u32(key("attention.key_length"), head_dim_);
    header_.set_u32(key("attention.value_length"), head_dim_);
    header_.set_u32(key("rope.dimension_count"), head_dim_);
    out_.has_heads_in_halves = out_.architecture == "llama";
    return ok();
  }

  Result<void> read_latent_attention() {
    TRY_OK(copy_optional("q_lora_rank", "attention.q_lora_rank"));
    TRY_OK(copy("kv_lora_rank", "attention.kv_lora_rank"));
    TRY(const std::uint32_t plain, integer("qk_nope_head_dim"));
    TRY(head_dim_, integer("qk_rope_head_dim"));
    TRY(const std::uint32_t value, integer("v_head_dim"));
    std::uint32_t whole = 0;
    if (__builtin_add_overflow(plain, head_dim_, &whole))
      return wrong("qk_nope_head_dim", "a smaller integer");
    header_.set_u32(key("attention.key_length"), whole);
    header_.set_u32(key("attention.value_length"), value);
    header_.set_u32(key("rope.dimension_count"), head_dim_);
    return ok();
  }

  Result<void> read_rope() {
    // Newer files hold the base and the scaling in one object.
    const Json* parameters = find("rope_parameters");
    const Json& base_holder = parameters != nullptr && parameters->is_object() ? *parameters : config_;
    TRY(rope_base_, number_in(base_holder, "rope_theta", 10000.0F));
    header_.set_f32(key("rope.freq_base"), rope_base_);
    const Json* scaling = parameters != nullptr ? parameters : find("rope_scaling");
    if (scaling == nullptr || !scaling->is_object()) return ok();
    std::string type = text_in(*scaling, "rope_type");
    if (type.empty()) type = text_in(*scaling, "type");
    if (type.empty() || type == "default") return ok();
    if (type == "llama3") return read_llama3_scaling(*scaling);
    if (type != "linear" && type != "yarn")
      return unsupported("rope_scaling", type, "default, linear, yarn or llama3");
    header_.set_string(key("rope.scaling.type"), type);
    TRY(const float factor, number_in(*scaling, "factor", 1.0F));
    header_.set_f32(key("rope.scaling.factor"), factor);
    return type == "yarn" ? read_yarn(*scaling) : ok();
  }

  Result<void> read_yarn(const Json& scaling) {
    const Json* original = find(scaling, "original_max_position_embeddings");
    if (original == nullptr || !original->is_number_unsigned() ||
        original->get<std::uint64_t>() > (1U << 30U))
      return wrong("rope_scaling.original_max_position_embeddings", "an integer");
    header_.set_u32(key("rope.scaling.original_context_length"), original->get<std::uint32_t>());
    TRY(const float fast, number_in(scaling, "beta_fast", 32.0F));
    TRY(const float slow, number_in(scaling, "beta_slow", 1.0F));
    header_.set_f32(key("rope.scaling.yarn_beta_fast"), fast);
    header_.set_f32(key("rope.scaling.yarn_beta_slow"), slow);
    if (find(scaling, "attention_factor") != nullptr)
      return unsupported("rope_scaling.attention_factor", "a number", "none");
    TRY(const float all_dims, number_in(scaling, "mscale_all_dim", 0.0F));
    TRY(const float turning, number_in(scaling, "mscale", all_dims));
    if (turning != all_dims)
      return unsupported("rope_scaling.mscale", std::to_string(turning), "the value of mscale_all_dim");
    if (out_.architecture == "deepseek2")
      header_.set_f32(key("rope.scaling.yarn_log_multiplier"), 0.1F * all_dims);
    return ok();
  }

  /// Long waves are stretched by the factor, short ones not, those between in part.
  Result<void> read_llama3_scaling(const Json& scaling) {
    TRY(const double factor, number_in(scaling, "factor", 8.0F));
    TRY(const double low, number_in(scaling, "low_freq_factor", 1.0F));
    TRY(const double high, number_in(scaling, "high_freq_factor", 4.0F));
    TRY(const double original, number_in(scaling, "original_max_position_embeddings", 8192.0F));
    if (factor < 1.0 || low <= 0.0 || high <= low || original <= 0.0)
      return wrong("rope_scaling", "a factor from 1 and low_freq_factor below high_freq_factor");
    if (head_dim_ > (1U << 16U)) return wrong("head_dim", "at most 65536");
    for (std::uint32_t i = 0; i < head_dim_ / 2; ++i) {
      const double exponent = 2.0 * i / head_dim_;
      const double wave_length = 2.0 * std::numbers::pi * std::pow(static_cast<double>(rope_base_), exponent);
      const double share = std::clamp((original / wave_length - low) / (high - low), 0.0, 1.0);
      out_.rope_divisors.push_back(static_cast<float>(1.0 / ((1.0 - share) / factor + share)));
    }
    return ok();
  }

  Result<void> read_experts() {
    for (const char* name : {"num_experts", "num_local_experts", "n_routed_experts"}) {
      TRY(const auto count, find_integer(name));
      if (count) out_.num_experts = *count;
    }
    if (out_.num_experts == 0) return ok();
    header_.set_u32(key("expert_count"), out_.num_experts);
    TRY_OK(copy("num_experts_per_tok", "expert_used_count"));
    const bool has_own_length = find("moe_intermediate_size") != nullptr;
    TRY_OK(
        copy(has_own_length ? "moe_intermediate_size" : "intermediate_size", "expert_feed_forward_length"));
    TRY_OK(copy_optional("shared_expert_intermediate_size", "expert_shared_feed_forward_length"));
    if (out_.architecture != "llama")
      header_.set_bool(key("expert_weights_norm"), flag("norm_topk_prob", name_ == "DeepseekV3ForCausalLM"));
    return out_.architecture == "deepseek2" ? read_deepseek_routing() : ok();
  }

  Result<void> read_deepseek_routing() {
    TRY_OK(copy_optional("first_k_dense_replace", "leading_dense_block_count"));
    TRY_OK(copy_optional("n_shared_experts", "expert_shared_count"));
    TRY(const float scale, number_in(config_, "routed_scaling_factor", 1.0F));
    header_.set_f32(key("expert_weights_scale"), scale);
    const std::string scores = text_in(config_, "scoring_func");
    const bool is_sigmoid = scores.empty() ? name_ == "DeepseekV3ForCausalLM" : scores == "sigmoid";
    if (!scores.empty() && scores != "sigmoid" && scores != "softmax")
      return unsupported("scoring_func", scores, "softmax or sigmoid");
    header_.set_u32(key("expert_gating_func"), is_sigmoid ? 2 : 1);
    const std::string method = text_in(config_, "topk_method");
    TRY(const auto groups, find_integer("n_group"));
    if (method == "group_limited_greedy" && groups.value_or(1) > 1)
      return unsupported("topk_method", method, "greedy or noaux_tc");
    if (method == "greedy" || groups.value_or(1) <= 1) return ok();
    TRY_OK(copy("n_group", "expert_group_count"));
    return copy("topk_group", "expert_group_used_count");
  }

  const Json& config_;
  std::string path_;
  GgufHeader& header_;
  std::string name_{};
  std::uint32_t head_dim_ = 0;  ///< Of the part that turns
  float rope_base_ = 0.0F;
  HuggingFaceConfig out_{};
};

}  // namespace

Result<HuggingFaceConfig> read_hugging_face_config(const Json& config, const std::string& path,
                                                   GgufHeader& header) {
  return ConfigReader(config, path, header).read();
}

}  // namespace lyceum::model
