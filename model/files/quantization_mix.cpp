#include "model/files/quantization_mix.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace lyceum::model {
namespace {

using enum TensorType;

constexpr std::array kMixes{
    QuantizationMix{"f32", f32, f32, f32, 0},        QuantizationMix{"f16", f16, f16, f16, 1},
    QuantizationMix{"bf16", bf16, bf16, bf16, 32},   QuantizationMix{"q8_0", q8_0, q8_0, q8_0, 7},
    QuantizationMix{"q6_k", q6_k, q6_k, q6_k, 18},   QuantizationMix{"q5_k_m", q5_k, q6_k, q6_k, 17},
    QuantizationMix{"q4_k_m", q4_k, q6_k, q6_k, 15}, QuantizationMix{"q4_0", q4_0, q6_k, q4_0, 2},
};

std::optional<std::uint32_t> layer_of(std::string_view name) {
  constexpr std::string_view kPrefix = "blk.";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::uint32_t layer = 0;
  const auto [end, failed] = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), layer);
  return failed == std::errc() ? std::optional(layer) : std::nullopt;
}

bool is_sensitive_layer(std::uint32_t layer, std::uint32_t num_layers) {
  const std::uint32_t eighth = num_layers / 8;
  return layer < eighth || std::uint64_t{layer} >= std::uint64_t{num_layers} * 7 / 8 ||
         (layer - eighth) % 3 == 2;
}

bool stays_f32(std::string_view name, std::span<const std::uint64_t> shape) {
  return shape.size() < 2 || !name.ends_with(".weight") || name.find("_norm.") != std::string_view::npos ||
         name.find("ffn_gate_inp") != std::string_view::npos;
}

TensorType wanted_type(const QuantizationMix& mix, std::string_view name, const MixPlace& place) {
  if (name == "output.weight" || (name == "token_embd.weight" && !place.has_output)) return mix.output_type;
  const auto layer = layer_of(name);
  const bool is_sensitive_part =
      name.find(".attn_v.") != std::string_view::npos || name.find(".ffn_down") != std::string_view::npos;
  return is_sensitive_part && layer && is_sensitive_layer(*layer, place.num_layers) ? mix.sensitive_type
                                                                                    : mix.type;
}

}  // namespace

Result<QuantizationMix> find_mix(std::string_view name) {
  for (const QuantizationMix& mix : kMixes) {
    if (mix.name == name) return mix;
  }
  return Error{Errc::invalid_argument,
               "type \"" + std::string(name.substr(0, 64)) + "\": expected one of " + mix_names()};
}

std::string mix_names() {
  std::string names;
  for (const QuantizationMix& mix : kMixes) {
    if (!names.empty()) names += ", ";
    names += mix.name;
  }
  return names;
}

TensorType type_in_mix(const QuantizationMix& mix, std::string_view name,
                       std::span<const std::uint64_t> shape, const MixPlace& place) {
  if (stays_f32(name, shape)) return f32;
  const TensorType wanted = wanted_type(mix, name, place);
  for (const TensorType type : {wanted, q8_0}) {
    if (shape[0] % block_layout(type).num_values == 0) return type;
  }
  return f16;
}

}  // namespace lyceum::model
