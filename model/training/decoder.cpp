#include "model/training/decoder.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "kernels/training/normalization.hpp"

namespace lyceum::model {

using kernels::training::GemmPath;
using kernels::training::kGemmTile;

namespace {

/// Rows of a weight's gradient that one item of work takes.
constexpr std::size_t kGradientRows = 64;

std::size_t padded(std::size_t n) {
  return (n + kGemmTile - 1) / kGemmTile * kGemmTile;
}

}  // namespace

Decoder::Decoder(const DecoderShape& shape, GemmPath path, kernels::WorkerPool& workers,
                 std::size_t max_tokens, std::size_t max_experts)
    : shape_(shape),
      layout_(shape),
      gemm_(path),
      workers_(workers),
      max_rows_(padded(max_tokens)),
      max_experts_(max_experts),
      max_slots_(max_rows_ * max_experts + shape.num_experts * kGemmTile),
      embedding_(packed_weight(layout_.embedding(), shape.vocabulary_size, shape.num_hidden)) {
  const std::size_t hidden = shape.num_hidden;
  for (std::size_t index = 0; index < shape.num_layers; ++index) {
    layers_.emplace_back().offsets = layout_.layer(index);
    allocate_layer(layers_.back());
  }
  allocate_scratch();
  residual_.resize(max_rows_ * hidden);
  residual_gradient_.resize(max_rows_ * hidden);
  output_inverse_rms_.resize(max_rows_);
  states_.resize(max_rows_ * hidden);
  state_gradients_.resize(max_rows_ * hidden);
  gradient_rows_.resize(max_rows_ * hidden);
  mixed_gradients_.resize(max_rows_ * shape.query_size());
  query_key_value_gradients_.resize(max_rows_ * shape.query_key_value_size());
  packed_gradients_.resize(max_rows_ * std::max(shape.query_key_value_size(), hidden));
  packed_inputs_.resize(max_rows_ * std::max(shape.query_size(), hidden));
  choice_weight_gradients_.resize(max_rows_ * max_experts);
  router_logit_gradients_.resize(max_rows_ * shape.num_experts);
  slot_output_gradients_.resize(max_slots_ * hidden);
  slot_gate_up_gradients_.resize(max_slots_ * 2 * shape.num_inner);
  slot_inner_.resize(max_slots_ * shape.num_inner);
  slot_input_gradients_.resize(max_slots_ * hidden);
  head_rows_.resize(kHeadRows * hidden);
  packed_head_rows_.resize(kHeadRows * hidden);
  head_logits_.resize(kHeadRows * (shape.vocabulary_size + kStridePadding));
  head_gradients_.resize(kHeadRows * (shape.vocabulary_size + kStridePadding));
  packed_head_gradients_.resize(kHeadRows * shape.vocabulary_size);
  head_row_gradients_.resize(kHeadRows * hidden);
  const std::size_t half = shape.head_dim / 2;
  for (std::size_t position = 0; position < padded(shape.context_length); ++position) {
    for (std::size_t i = 0; i < half; ++i) {
      const double turns = std::pow(shape.rope_base, -static_cast<double>(i) / static_cast<double>(half));
      cosines_.push_back(static_cast<float>(std::cos(static_cast<double>(position) * turns)));
      sines_.push_back(static_cast<float>(std::sin(static_cast<double>(position) * turns)));
    }
  }
}

Decoder::PackedWeight Decoder::packed_weight(std::size_t offset, std::size_t rows,
                                             std::size_t columns) const {
  return {offset, rows, columns, std::vector<Bf16>(rows * columns), std::vector<Bf16>(rows * columns)};
}

void Decoder::allocate_layer(Layer& layer) {
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t inner = shape_.num_inner;
  layer.query_key_value = packed_weight(layer.offsets.query_key_value, shape_.query_key_value_size(), hidden);
  layer.attention_output = packed_weight(layer.offsets.attention_output, hidden, shape_.query_size());
  for (std::size_t expert = 0; expert < shape_.num_experts; ++expert) {
    layer.gate_up.push_back(
        packed_weight(layer.offsets.gate_up + expert * 2 * inner * hidden, 2 * inner, hidden));
    layer.down.push_back(packed_weight(layer.offsets.down + expert * hidden * inner, hidden, inner));
  }
  layer.attention_input.resize(max_rows_ * hidden);
  layer.attention_inverse_rms.resize(max_rows_);
  layer.attention_normed.resize(max_rows_ * hidden);
  layer.query_key_value_rows.resize(max_rows_ * shape_.query_key_value_size());
  layer.attention_log_sums.resize(max_rows_ * shape_.num_heads);
  layer.mixed.resize(max_rows_ * shape_.query_size());
  layer.experts_input.resize(max_rows_ * hidden);
  layer.experts_inverse_rms.resize(max_rows_);
  layer.experts_normed.resize(max_rows_ * hidden);
  layer.probabilities.resize(max_rows_ * shape_.num_experts);
  layer.router_log_sums.resize(max_rows_);
  layer.choices.resize(max_rows_ * max_experts_);
  layer.choice_weights.resize(max_rows_ * max_experts_);
  layer.slot_of_choice.resize(max_rows_ * max_experts_);
  layer.token_of_slot.resize(max_slots_);
  layer.first_slot.resize(shape_.num_experts + 1);
  layer.choice_shares.resize(shape_.num_experts);
  layer.slot_inputs.resize(max_slots_ * hidden);
  layer.slot_gate_up.resize(max_slots_ * 2 * inner);
  layer.slot_outputs.resize(max_slots_ * hidden);
}

void Decoder::allocate_scratch() {
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t widest =
      std::max({2 * shape_.num_inner, hidden, shape_.query_key_value_size(), shape_.query_size()});
  const std::size_t head = padded(shape_.context_length) * shape_.head_dim;
  scratch_.resize(workers_.num_threads());
  for (Scratch& scratch : scratch_) {
    scratch.products.resize(kRowBlock * (widest + kStridePadding));
    scratch.more_products.resize(kRowBlock * (widest + kStridePadding));
    scratch.inner.resize(kRowBlock * (shape_.num_inner + kStridePadding));
    for (auto* const values : {&scratch.queries, &scratch.keys, &scratch.values, &scratch.head_gradients})
      values->resize(head);
    for (auto* const values : {&scratch.query_gradients, &scratch.key_gradients, &scratch.value_gradients})
      values->resize(head);
    scratch.packed_rows.resize(1024 * std::max(2 * shape_.num_inner, hidden));
    scratch.packed_columns.resize(1024 * std::max(shape_.num_inner, hidden));
  }
}

void Decoder::take_parameters(std::span<const float> parameters) {
  LYCEUM_CHECK(parameters.size() == layout_.size());
  parameters_ = parameters;
  std::vector<PackedWeight*> packed{&embedding_};
  for (Layer& layer : layers_) {
    packed.push_back(&layer.query_key_value);
    packed.push_back(&layer.attention_output);
    for (PackedWeight& weight : layer.gate_up) packed.push_back(&weight);
    for (PackedWeight& weight : layer.down) packed.push_back(&weight);
  }
  workers_.run(packed.size(), [&](std::size_t item, std::size_t) {
    PackedWeight& weight = *packed[item];
    const float* const values = weights(weight.offset);
    kernels::training::pack_transposed(values, weight.columns, weight.rows, weight.columns,
                                       weight.forward.data());
    kernels::training::pack(values, weight.columns, weight.rows, weight.columns, weight.backward.data());
  });
}

void Decoder::for_row_blocks(
    const std::function<void(std::size_t first, std::size_t count, std::size_t worker)>& work) {
  workers_.run(num_row_blocks(), [&](std::size_t item, std::size_t worker) {
    const std::size_t first = item * kRowBlock;
    work(first, std::min(kRowBlock, num_rows_ - first), worker);
  });
}

void Decoder::add_partials(std::size_t num_partials, std::size_t size, float* target) const {
  for (std::size_t partial = 0; partial < num_partials; ++partial) {
    for (std::size_t i = 0; i < size; ++i) target[i] += partials_[partial * size + i];
  }
}

void Decoder::embed(const TokenBatch& batch) {
  const std::size_t hidden = shape_.num_hidden;
  for (std::size_t row = 0; row < num_rows_; ++row) {
    const std::size_t token = row < num_tokens_ ? batch.tokens[row] : 0;
    std::copy_n(weights(layout_.embedding() + token * hidden), hidden, residual_.data() + row * hidden);
  }
}

void Decoder::gather_embedding_gradient(const TokenBatch& batch, std::span<float> gradients) const {
  const std::size_t hidden = shape_.num_hidden;
  for (std::size_t row = 0; row < num_tokens_; ++row) {
    float* const target = gradients.data() + layout_.embedding() + batch.tokens[row] * hidden;
    const float* const gradient = residual_gradient_.data() + row * hidden;
    for (std::size_t i = 0; i < hidden; ++i) target[i] += gradient[i];
  }
}

RoutingReport Decoder::forward(const TokenBatch& batch, const PassOptions& options) {
  num_tokens_ = batch.tokens.size();
  num_rows_ = padded(num_tokens_);
  LYCEUM_CHECK(num_tokens_ > 0 && num_rows_ <= max_rows_);
  LYCEUM_CHECK(options.experts_per_layer.size() == layers_.size());
  embed(batch);
  RoutingReport report;
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    Layer& layer = layers_[index];
    attention_forward(layer, batch, options.is_causal);
    experts_forward(layer, options.experts_per_layer[index]);
    report.choice_shares.push_back(layer.choice_shares);
    const auto num_layers = static_cast<double>(layers_.size());
    const auto num_tokens = static_cast<double>(num_tokens_);
    for (std::size_t expert = 0; expert < shape_.num_experts; ++expert) {
      double mass = 0.0;
      for (std::size_t token = 0; token < num_tokens_; ++token)
        mass += static_cast<double>(layer.probabilities[token * shape_.num_experts + expert]);
      report.balance += static_cast<double>(shape_.num_experts) * mass / num_tokens *
                        static_cast<double>(layer.choice_shares[expert]) / num_layers;
    }
    for (std::size_t token = 0; token < num_tokens_; ++token)
      report.z += std::pow(static_cast<double>(layer.router_log_sums[token]), 2) / num_tokens / num_layers;
  }
  const std::span norm(weights(layout_.output_norm()), shape_.num_hidden);
  for_row_blocks([&](std::size_t first, std::size_t count, std::size_t) {
    kernels::training::rms_norm_forward(
        residual_.data() + first * shape_.num_hidden, norm, shape_.norm_epsilon, count,
        states_.data() + first * shape_.num_hidden, output_inverse_rms_.data() + first);
  });
  std::fill_n(state_gradients_.begin(), num_rows_ * shape_.num_hidden, 0.0F);
  return report;
}

void Decoder::backward(const TokenBatch& batch, const PassOptions& options,
                       const RouterLossWeights& router_loss, std::span<float> gradients) {
  LYCEUM_CHECK(gradients.size() == layout_.size());
  const std::size_t hidden = shape_.num_hidden;
  const std::span norm(weights(layout_.output_norm()), hidden);
  std::fill_n(residual_gradient_.begin(), num_rows_ * hidden, 0.0F);
  partials_.assign(num_row_blocks() * hidden, 0.0F);
  for_row_blocks([&](std::size_t first, std::size_t count, std::size_t) {
    kernels::training::rms_norm_backward(
        residual_.data() + first * hidden, norm, output_inverse_rms_.data() + first,
        state_gradients_.data() + first * hidden, count, residual_gradient_.data() + first * hidden,
        partials_.data() + row_block(first) * hidden);
  });
  add_partials(num_row_blocks(), hidden, gradients.data() + layout_.output_norm());
  for (std::size_t index = layers_.size(); index-- > 0;) {
    experts_backward(layers_[index], options.experts_per_layer[index], router_loss, gradients);
    attention_backward(layers_[index], batch, options.is_causal, gradients);
  }
  gather_embedding_gradient(batch, gradients);
}

void Decoder::add_weight_gradient(const Rows& dy, const Rows& x, float* gradient) {
  const std::size_t dy_blocks = dy.columns / kGemmTile;
  workers_.run(dy_blocks + x.columns / kGemmTile, [&](std::size_t item, std::size_t) {
    const Rows& rows = item < dy_blocks ? dy : x;
    const std::size_t column = (item < dy_blocks ? item : item - dy_blocks) * kGemmTile;
    Bf16* const packed = item < dy_blocks ? packed_gradients_.data() : packed_inputs_.data();
    kernels::training::pack(rows.values + column, rows.stride, num_rows_, kGemmTile,
                            packed + column * num_rows_);
  });
  workers_.run((dy.columns + kGradientRows - 1) / kGradientRows, [&](std::size_t item, std::size_t) {
    const std::size_t first = item * kGradientRows;
    gemm_.multiply_transposed({std::min(kGradientRows, dy.columns - first), x.columns, num_rows_},
                              packed_gradients_.data() + first * num_rows_, packed_inputs_.data(),
                              gradient + first * x.columns, x.columns, true);
  });
}

}  // namespace lyceum::model
