#include <algorithm>
#include <cmath>

#include "kernels/training/normalization.hpp"
#include "kernels/training/vectors.hpp"
#include "model/training/decoder.hpp"

namespace lyceum::model {

using kernels::training::AttentionExtents;
using kernels::training::DocumentAttention;

AttentionExtents Decoder::extents_of(const BatchDocument& document, bool is_causal) const {
  return {.num_rows = document.length,
          .head_dim = shape_.head_dim,
          .num_heads = shape_.num_heads / shape_.num_kv_heads,
          .is_causal = is_causal};
}

void Decoder::attention_forward(Layer& layer, const TokenBatch& batch, bool is_causal) {
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t wide = shape_.query_key_value_size();
  const std::size_t query_size = shape_.query_size();
  const std::span norm(weights(layer.offsets.attention_norm), hidden);
  for_row_blocks([&](std::size_t first, std::size_t count, std::size_t worker) {
    std::copy_n(residual_.data() + first * hidden, count * hidden,
                layer.attention_input.data() + first * hidden);
    Bf16* const normed = layer.attention_normed.data() + first * hidden;
    kernels::training::rms_norm_forward(residual_.data() + first * hidden, norm, shape_.norm_epsilon, count,
                                        normed, layer.attention_inverse_rms.data() + first);
    float* const products = scratch_[worker].products.data();
    gemm_.multiply({count, wide, hidden}, normed, hidden, layer.query_key_value.forward.data(), products,
                   wide, false);
    kernels::training::round_to_bf16(products, count * wide,
                                     layer.query_key_value_rows.data() + first * wide);
  });
  const std::size_t num_groups = shape_.num_kv_heads;
  workers_.run(batch.documents.size() * num_groups, [&](std::size_t item, std::size_t worker) {
    attend_document(layer, batch.documents[item / num_groups], item % num_groups, is_causal,
                    scratch_[worker]);
  });
  std::fill_n(layer.mixed.data() + num_tokens_ * query_size, (num_rows_ - num_tokens_) * query_size, Bf16{0});
  for_row_blocks([&](std::size_t first, std::size_t count, std::size_t) {
    gemm_.multiply({count, hidden, query_size}, layer.mixed.data() + first * query_size, query_size,
                   layer.attention_output.forward.data(), residual_.data() + first * hidden, hidden, true);
  });
}

void Decoder::take_document_keys(const Layer& layer, const BatchDocument& document, std::size_t group,
                                 Scratch& scratch, DocumentAttention& attention) const {
  const std::size_t dim = shape_.head_dim;
  const std::size_t wide = shape_.query_key_value_size();
  const Bf16* const rows = layer.query_key_value_rows.data() + document.first * wide;
  kernels::training::head_norm_rope_forward(
      rows + (shape_.num_heads + group) * dim, wide, {weights(layer.offsets.key_norm), dim},
      shape_.norm_epsilon, {cosines_.data(), sines_.data()}, 1.0F, document.length, scratch.keys.data());
  const Bf16* const values = rows + (shape_.num_heads + shape_.num_kv_heads + group) * dim;
  for (std::size_t row = 0; row < document.length; ++row)
    std::copy_n(values + row * wide, dim, scratch.values.data() + row * dim);
  const std::size_t padding = (extents_of(document, true).padded_rows() - document.length) * dim;
  std::fill_n(scratch.keys.data() + document.length * dim, padding, Bf16{0});
  std::fill_n(scratch.values.data() + document.length * dim, padding, Bf16{0});
  attention.take_keys(scratch.keys.data(), scratch.values.data());
}

void Decoder::take_document_queries(const Layer& layer, const BatchDocument& document, std::size_t head,
                                    Scratch& scratch) const {
  const std::size_t dim = shape_.head_dim;
  const std::size_t wide = shape_.query_key_value_size();
  const float scale = 1.0F / std::sqrt(static_cast<float>(dim));
  kernels::training::head_norm_rope_forward(
      layer.query_key_value_rows.data() + document.first * wide + head * dim, wide,
      {weights(layer.offsets.query_norm), dim}, shape_.norm_epsilon, {cosines_.data(), sines_.data()}, scale,
      document.length, scratch.queries.data());
  std::fill_n(scratch.queries.data() + document.length * dim,
              (extents_of(document, true).padded_rows() - document.length) * dim, Bf16{0});
}

void Decoder::attend_document(Layer& layer, const BatchDocument& document, std::size_t group, bool is_causal,
                              Scratch& scratch) {
  DocumentAttention attention(gemm_, extents_of(document, is_causal), scratch.attention);
  take_document_keys(layer, document, group, scratch, attention);
  const std::size_t per_group = shape_.num_heads / shape_.num_kv_heads;
  for (std::size_t head = group * per_group; head < (group + 1) * per_group; ++head) {
    take_document_queries(layer, document, head, scratch);
    attention.forward(scratch.queries.data(),
                      layer.mixed.data() + document.first * shape_.query_size() + head * shape_.head_dim,
                      shape_.query_size(),
                      layer.attention_log_sums.data() + head * max_rows_ + document.first);
  }
}

void Decoder::attend_document_backward(Layer& layer, const BatchDocument& document, std::size_t group,
                                       bool is_causal, Scratch& scratch, float* norm_gradients) {
  const std::size_t dim = shape_.head_dim;
  const std::size_t wide = shape_.query_key_value_size();
  const std::size_t query_size = shape_.query_size();
  const AttentionExtents extents = extents_of(document, is_causal);
  const std::size_t padded_size = extents.padded_rows() * dim;
  const float scale = 1.0F / std::sqrt(static_cast<float>(dim));
  const kernels::training::RopeTable table{cosines_.data(), sines_.data()};
  DocumentAttention attention(gemm_, extents, scratch.attention);
  take_document_keys(layer, document, group, scratch, attention);
  std::fill_n(scratch.key_gradients.begin(), padded_size, 0.0F);
  std::fill_n(scratch.value_gradients.begin(), padded_size, 0.0F);
  const Bf16* const rows = layer.query_key_value_rows.data() + document.first * wide;
  Bf16* const gradients = query_key_value_gradients_.data() + document.first * wide;
  const std::size_t per_group = shape_.num_heads / shape_.num_kv_heads;
  for (std::size_t head = group * per_group; head < (group + 1) * per_group; ++head) {
    take_document_queries(layer, document, head, scratch);
    const std::size_t place = document.first * query_size + head * dim;
    for (std::size_t row = 0; row < document.length; ++row)
      std::copy_n(mixed_gradients_.data() + place + row * query_size, dim,
                  scratch.head_gradients.data() + row * dim);
    std::fill(scratch.head_gradients.data() + document.length * dim,
              scratch.head_gradients.data() + padded_size, Bf16{0});
    attention.backward(
        scratch.queries.data(), layer.mixed.data() + place, query_size,
        layer.attention_log_sums.data() + head * max_rows_ + document.first, scratch.head_gradients.data(),
        {scratch.query_gradients.data(), scratch.key_gradients.data(), scratch.value_gradients.data()});
    kernels::training::head_norm_rope_backward(
        rows + head * dim, wide, {weights(layer.offsets.query_norm), dim}, shape_.norm_epsilon, table, scale,
        document.length, scratch.query_gradients.data(), gradients + head * dim, norm_gradients);
  }
  const std::size_t key_column = (shape_.num_heads + group) * dim;
  kernels::training::head_norm_rope_backward(
      rows + key_column, wide, {weights(layer.offsets.key_norm), dim}, shape_.norm_epsilon, table, 1.0F,
      document.length, scratch.key_gradients.data(), gradients + key_column, norm_gradients + dim);
  Bf16* const value_gradients = gradients + key_column + shape_.num_kv_heads * dim;
  for (std::size_t row = 0; row < document.length; ++row)
    kernels::training::round_to_bf16(scratch.value_gradients.data() + row * dim, dim,
                                     value_gradients + row * wide);
}

void Decoder::attention_backward(Layer& layer, const TokenBatch& batch, bool is_causal,
                                 std::span<float> gradients) {
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t wide = shape_.query_key_value_size();
  const std::size_t query_size = shape_.query_size();
  for_row_blocks([&](std::size_t first, std::size_t count, std::size_t worker) {
    Bf16* const rows = gradient_rows_.data() + first * hidden;
    kernels::training::round_to_bf16(residual_gradient_.data() + first * hidden, count * hidden, rows);
    float* const products = scratch_[worker].products.data();
    gemm_.multiply({count, query_size, hidden}, rows, hidden, layer.attention_output.backward.data(),
                   products, query_size, false);
    kernels::training::round_to_bf16(products, count * query_size,
                                     mixed_gradients_.data() + first * query_size);
  });
  add_weight_gradient({gradient_rows_.data(), hidden, hidden}, {layer.mixed.data(), query_size, query_size},
                      gradients.data() + layer.offsets.attention_output);

  const std::size_t num_groups = shape_.num_kv_heads;
  const std::size_t num_items = batch.documents.size() * num_groups;
  const std::size_t norm_size = 2 * shape_.head_dim;
  partials_.assign(num_items * norm_size, 0.0F);
  std::fill_n(query_key_value_gradients_.data() + num_tokens_ * wide, (num_rows_ - num_tokens_) * wide,
              Bf16{0});
  workers_.run(num_items, [&](std::size_t item, std::size_t worker) {
    attend_document_backward(layer, batch.documents[item / num_groups], item % num_groups, is_causal,
                             scratch_[worker], partials_.data() + item * norm_size);
  });
  // The norms of queries and keys follow each other among the parameters.
  add_partials(num_items, norm_size, gradients.data() + layer.offsets.query_norm);
  add_weight_gradient({query_key_value_gradients_.data(), wide, wide},
                      {layer.attention_normed.data(), hidden, hidden},
                      gradients.data() + layer.offsets.query_key_value);

  const std::span norm(weights(layer.offsets.attention_norm), hidden);
  partials_.assign(num_row_blocks() * hidden, 0.0F);
  for_row_blocks([&](std::size_t first, std::size_t count, std::size_t worker) {
    float* const products = scratch_[worker].products.data();
    gemm_.multiply({count, hidden, wide}, query_key_value_gradients_.data() + first * wide, wide,
                   layer.query_key_value.backward.data(), products, hidden, false);
    kernels::training::rms_norm_backward(layer.attention_input.data() + first * hidden, norm,
                                         layer.attention_inverse_rms.data() + first, products, count,
                                         residual_gradient_.data() + first * hidden,
                                         partials_.data() + row_block(first) * hidden);
  });
  add_partials(num_row_blocks(), hidden, gradients.data() + layer.offsets.attention_norm);
}

}  // namespace lyceum::model
