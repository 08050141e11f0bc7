#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include "model/files/gguf_parser.hpp"
#include "model/files/hugging_face.hpp"
#include "model/files/safetensors.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxListed = 16;

struct Renamed {
  std::string_view from{};
  std::string_view to{};
};

/// Without ".weight" or ".bias". One table for all families: no name means two things.
constexpr std::array kModelNames{Renamed{"model.embed_tokens", "token_embd"},
                                 Renamed{"model.norm", "output_norm"}, Renamed{"lm_head", "output"}};

/// Below "model.layers.N.", to below "blk.N.".
constexpr std::array kLayerNames{
    Renamed{"input_layernorm", "attn_norm"},
    Renamed{"post_attention_layernorm", "ffn_norm"},
    Renamed{"self_attn.q_proj", "attn_q"},
    Renamed{"self_attn.k_proj", "attn_k"},
    Renamed{"self_attn.v_proj", "attn_v"},
    Renamed{"self_attn.o_proj", "attn_output"},
    Renamed{"self_attn.q_norm", "attn_q_norm"},
    Renamed{"self_attn.k_norm", "attn_k_norm"},
    Renamed{"self_attn.q_a_proj", "attn_q_a"},
    Renamed{"self_attn.q_a_layernorm", "attn_q_a_norm"},
    Renamed{"self_attn.q_b_proj", "attn_q_b"},
    Renamed{"self_attn.kv_a_proj_with_mqa", "attn_kv_a_mqa"},
    Renamed{"self_attn.kv_a_layernorm", "attn_kv_a_norm"},
    Renamed{"self_attn.kv_b_proj", "attn_kv_b"},
    Renamed{"mlp.gate_proj", "ffn_gate"},
    Renamed{"mlp.up_proj", "ffn_up"},
    Renamed{"mlp.down_proj", "ffn_down"},
    Renamed{"mlp.gate", "ffn_gate_inp"},
    Renamed{"block_sparse_moe.gate", "ffn_gate_inp"},
    Renamed{"mlp.shared_expert_gate", "ffn_gate_inp_shexp"},
    Renamed{"mlp.shared_expert.gate_proj", "ffn_gate_shexp"},
    Renamed{"mlp.shared_expert.up_proj", "ffn_up_shexp"},
    Renamed{"mlp.shared_expert.down_proj", "ffn_down_shexp"},
    Renamed{"mlp.shared_experts.gate_proj", "ffn_gate_shexp"},
    Renamed{"mlp.shared_experts.up_proj", "ffn_up_shexp"},
    Renamed{"mlp.shared_experts.down_proj", "ffn_down_shexp"},
};

/// Below "….experts.E.".
constexpr std::array kExpertNames{
    Renamed{"gate_proj", "ffn_gate_exps"}, Renamed{"up_proj", "ffn_up_exps"},
    Renamed{"down_proj", "ffn_down_exps"}, Renamed{"w1", "ffn_gate_exps"},
    Renamed{"w3", "ffn_up_exps"},          Renamed{"w2", "ffn_down_exps"},
};

template <std::size_t Size>
std::optional<std::string> renamed(const std::array<Renamed, Size>& table, std::string_view name) {
  for (const Renamed& each : table) {
    if (each.from == name) return std::string(each.to);
  }
  return std::nullopt;
}

/// "12.rest": 12, and "rest" left in `text`.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end == text.data() + text.size() || *end != '.') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return number;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Where a tensor of the files belongs.
struct Place {
  std::string name{};  ///< In GGUF files; empty: it is not needed
  std::optional<std::uint32_t> expert{};
};

class TensorMapper {
 public:
  TensorMapper(const SafetensorsModel& files, const HuggingFaceConfig& config, std::string folder)
      : files_(files), config_(config), folder_(std::move(folder)) {}

  Result<std::vector<SourceTensor>> map() {
    for (const auto& [name, tensor] : files_.tensors()) TRY_OK(add(name, *tensor));
    if (!unknown_.empty()) return listed(Errc::unsupported, "tensors that are not known: ", unknown_);
    std::vector<SourceTensor> out;
    for (auto& [name, experts] : experts_) TRY_OK(stack(name, experts));
    if (!missing_.empty()) return listed(Errc::not_found, "missing tensors: ", missing_);
    for (auto& [name, tensor] : tensors_) out.push_back(std::move(tensor));
    if (out.empty()) return Error{Errc::not_found, folder_ + ": expected tensors in the safetensors files"};
    return out;
  }

 private:
  Error listed(Errc code, const std::string& what, const std::vector<std::string>& names) const {
    std::string text = folder_ + ": " + what;
    for (std::size_t i = 0; i < std::min(names.size(), kMaxListed); ++i)
      text += (i == 0 ? "" : ", ") + model::quoted(names[i]);
    if (names.size() > kMaxListed) text += " and " + std::to_string(names.size() - kMaxListed) + " more";
    return {code, text};
  }

  /// nullopt for a name that is not known.
  std::optional<Place> place_of(std::string_view name) const {
    if (name.ends_with(".rotary_emb.inv_freq")) return Place{};
    if (name.ends_with(".e_score_correction_bias")) return score_bias(name);
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const std::string kind(name.substr(dot));
    if (kind != ".weight" && kind != ".bias") return std::nullopt;
    const std::string_view stem = name.substr(0, dot);
    if (config_.ties_output && stem == "lm_head") return Place{};
    if (const auto found = renamed(kModelNames, stem)) return Place{.name = *found + kind};
    std::string_view rest = stem;
    if (!take_prefix(rest, "model.layers.")) return std::nullopt;
    const auto layer = take_number(rest);
    if (!layer) return std::nullopt;
    // Layers beyond the model's own predict further tokens; nothing here uses them.
    if (*layer >= config_.num_layers) return Place{};
    const std::string prefix = "blk." + std::to_string(*layer) + ".";
    if (take_prefix(rest, "mlp.experts.") || take_prefix(rest, "block_sparse_moe.experts.")) {
      const auto expert = take_number(rest);
      const auto found = renamed(kExpertNames, rest);
      if (!expert || !found) return std::nullopt;
      return Place{.name = prefix + *found + kind, .expert = expert};
    }
    const auto found = renamed(kLayerNames, rest);
    return found ? std::optional(Place{.name = prefix + *found + kind}) : std::nullopt;
  }

  std::optional<Place> score_bias(std::string_view name) const {
    std::string_view rest = name;
    if (!take_prefix(rest, "model.layers.")) return std::nullopt;
    const auto layer = take_number(rest);
    if (!layer || rest != "mlp.gate.e_score_correction_bias") return std::nullopt;
    if (*layer >= config_.num_layers) return Place{};
    return Place{.name = "blk." + std::to_string(*layer) + ".exp_probs_b.bias"};
  }

  /// Heads of queries and keys whose rows are in the other order.
  std::uint64_t heads_in_halves(const std::string& name) const {
    if (!config_.has_heads_in_halves) return 0;
    if (name.find(".attn_q.") != std::string::npos) return config_.num_heads;
    return name.find(".attn_k.") != std::string::npos ? config_.num_kv_heads : 0;
  }

  Result<void> add(std::string_view name, const GgufTensor& tensor) {
    const auto place = place_of(name);
    if (!place) {
      unknown_.emplace_back(name);
      return ok();
    }
    if (place->name.empty()) return ok();
    if (!is_supported(tensor.type))
      return Error{Errc::unsupported, folder_ + ": tensor " + model::quoted(name) +
                                          ": expected F32, F16 or BF16, found " + name_of(tensor.type)};
    if (place->expert) {
      experts_[place->name].emplace(*place->expert, &tensor);
      return ok();
    }
    const std::uint64_t num_heads = heads_in_halves(place->name);
    // A bias has its heads along its one dimension.
    const std::uint64_t num_rows = tensor.num_dims == 1 ? tensor.shape[0] : tensor.num_rows();
    if (num_heads != 0 && (tensor.num_dims != 2 || num_rows % (2 * num_heads) != 0))
      return Error{Errc::malformed, folder_ + ": tensor " + model::quoted(name) + ": expected rows for " +
                                        std::to_string(num_heads) + " heads, found " +
                                        std::to_string(num_rows)};
    SourceTensor out{.name = place->name,
                     .shape = {tensor.shape.begin(), tensor.shape.begin() + tensor.num_dims},
                     .parts = {{.tensor = &tensor, .num_heads_in_halves = num_heads}}};
    if (!tensors_.emplace(place->name, std::move(out)).second)
      return Error{Errc::malformed,
                   folder_ + ": tensor " + model::quoted(name) + " is there under two names"};
    return ok();
  }

  /// All experts of a layer as one tensor.
  Result<void> stack(const std::string& name, const std::map<std::uint32_t, const GgufTensor*>& experts) {
    const GgufTensor& first = *experts.begin()->second;
    SourceTensor out{
        .name = name, .shape = {first.shape[0], first.shape[1], config_.num_experts}, .parts = {}};
    for (std::uint32_t i = 0; i < config_.num_experts && missing_.size() <= kMaxListed; ++i) {
      const auto found = experts.find(i);
      if (found == experts.end()) {
        missing_.push_back(name + ", expert " + std::to_string(i));
        continue;
      }
      if (found->second->shape != first.shape || first.num_dims != 2)
        return Error{Errc::malformed, folder_ + ": " + name + ", expert " + std::to_string(i) +
                                          ": expected a matrix of the other experts' shape"};
      out.parts.push_back({.tensor = found->second});
    }
    if (experts.size() > config_.num_experts)
      return Error{Errc::malformed, folder_ + ": " + name + ": expected " +
                                        std::to_string(config_.num_experts) + " experts, found " +
                                        std::to_string(experts.size())};
    tensors_.emplace(name, std::move(out));
    return ok();
  }

  const SafetensorsModel& files_;
  const HuggingFaceConfig& config_;
  std::string folder_;
  std::map<std::string, SourceTensor> tensors_{};
  std::map<std::string, std::map<std::uint32_t, const GgufTensor*>> experts_{};
  std::vector<std::string> unknown_{};
  std::vector<std::string> missing_{};
};

}  // namespace

Result<std::vector<SourceTensor>> map_hugging_face_tensors(const SafetensorsModel& files,
                                                           const HuggingFaceConfig& config,
                                                           const std::string& folder) {
  return TensorMapper(files, config, folder).map();
}

}  // namespace lyceum::model
