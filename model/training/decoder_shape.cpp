#include "model/training/decoder_shape.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/training/expert_layer.hpp"
#include "kernels/training/gemm.hpp"
#include "model/training/seeded.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxExtent = std::size_t{1} << 20U;
constexpr std::size_t kMaxHeadDim = 256;

Result<void> check_extent(const char* name, std::size_t value) {
  if (value > 0 && value <= kMaxExtent && value % kernels::training::kGemmTile == 0) return ok();
  return Error{Errc::invalid_argument,
               std::string(name) + " is " + std::to_string(value) + ", must be a positive multiple of 32"};
}

void fill_normal(SeededNumbers& numbers, double deviation, float* values, std::size_t n) {
  // Box and Muller 1958: two uniform numbers give two normal ones.
  for (std::size_t i = 0; i < n; i += 2) {
    const double radius = deviation * std::sqrt(-2.0 * std::log(1.0 - numbers.uniform()));
    const double angle = 2.0 * std::numbers::pi * numbers.uniform();
    values[i] = static_cast<float>(radius * std::cos(angle));
    if (i + 1 < n) values[i + 1] = static_cast<float>(radius * std::sin(angle));
  }
}

}  // namespace

std::size_t DecoderShape::num_active(std::size_t k) const {
  const std::size_t attention = (query_key_value_size() + query_size()) * num_hidden;
  const std::size_t experts = num_experts * num_hidden + 3 * k * num_inner * num_hidden;
  return num_layers * (attention + experts) + vocabulary_size * num_hidden;
}

Result<void> check(const DecoderShape& shape) {
  TRY_OK(check_extent("vocabulary_size", shape.vocabulary_size));
  TRY_OK(check_extent("hidden", shape.num_hidden));
  TRY_OK(check_extent("expert_inner", shape.num_inner));
  TRY_OK(check_extent("head_dim", shape.head_dim));
  if (shape.head_dim > kMaxHeadDim)
    return Error{Errc::invalid_argument, "head_dim must be at most " + std::to_string(kMaxHeadDim)};
  if (shape.num_layers == 0 || shape.num_layers > 256)
    return Error{Errc::invalid_argument, "layers must be 1..256"};
  if (shape.num_kv_heads == 0 || shape.num_heads == 0 || shape.num_heads % shape.num_kv_heads != 0)
    return Error{Errc::invalid_argument, "heads must be a multiple of kv_heads"};
  if (shape.num_experts == 0 || shape.num_experts > kernels::training::kMaxRoutedExperts)
    return Error{Errc::invalid_argument,
                 "experts must be 1.." + std::to_string(kernels::training::kMaxRoutedExperts)};
  if (shape.vocabulary_size > 65'536) return Error{Errc::invalid_argument, "vocabulary_size above 65536"};
  return ok();
}

ParameterLayout::ParameterLayout(const DecoderShape& shape) {
  const std::size_t hidden = shape.num_hidden;
  embedding_ = add("token_embd", shape.vocabulary_size, hidden, true);
  output_norm_ = add("output_norm", 1, hidden, false);
  for (std::size_t index = 0; index < shape.num_layers; ++index) {
    const std::string prefix = "blk." + std::to_string(index) + ".";
    LayerOffsets& layer = layers_.emplace_back();
    layer.attention_norm = add(prefix + "attn_norm", 1, hidden, false);
    layer.query_norm = add(prefix + "attn_q_norm", 1, shape.head_dim, false);
    layer.key_norm = add(prefix + "attn_k_norm", 1, shape.head_dim, false);
    layer.query_key_value = add(prefix + "attn_qkv", shape.query_key_value_size(), hidden, true);
    layer.attention_output = add(prefix + "attn_output", hidden, shape.query_size(), true);
    layer.feed_forward_norm = add(prefix + "ffn_norm", 1, hidden, false);
    layer.router = add(prefix + "ffn_gate_inp", shape.num_experts, hidden, true);
    layer.gate_up = add(prefix + "ffn_gate_up_exps", shape.num_experts * 2 * shape.num_inner, hidden, true);
    layer.down = add(prefix + "ffn_down_exps", shape.num_experts * hidden, shape.num_inner, true);
  }
}

std::size_t ParameterLayout::add(std::string name, std::size_t rows, std::size_t columns, bool decays) {
  const std::size_t offset = size_;
  size_ += rows * columns;
  tensors_.push_back({std::move(name), offset, rows, columns, decays});
  return offset;
}

std::vector<float> initial_parameters(const DecoderShape& shape, std::uint64_t seed) {
  const ParameterLayout layout(shape);
  std::vector<float> values(layout.size(), 1.0F);
  const double residual = 1.0 / std::sqrt(2.0 * static_cast<double>(shape.num_layers));
  for (std::size_t i = 0; i < layout.tensors().size(); ++i) {
    const ParameterTensor& tensor = layout.tensors()[i];
    if (tensor.rows == 1) continue;
    const bool writes_residual =
        tensor.name.ends_with("attn_output") || tensor.name.ends_with("ffn_down_exps");
    double deviation = 1.0 / std::sqrt(3.0 * static_cast<double>(tensor.columns));
    if (tensor.offset == layout.embedding()) deviation = 0.02;
    SeededNumbers numbers(seed, {i});
    fill_normal(numbers, writes_residual ? deviation * residual : deviation, values.data() + tensor.offset,
                tensor.size());
  }
  return values;
}

}  // namespace lyceum::model
