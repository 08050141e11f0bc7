#include <algorithm>

#include "kernels/attention.hpp"
#include "kernels/matmul.hpp"
#include "kernels/rms_norm.hpp"
#include "kernels/rope.hpp"
#include "model/architectures/forward_pass.hpp"

namespace lyceum::model {

namespace reference = kernels::reference;

void ForwardPass::turn(std::span<float> head, std::size_t position) const {
  reference::rope(rope_frequencies_, config_.architecture.rope_pairs, config_.rope.magnitude, position, head);
}

std::vector<float> ForwardPass::attend(std::size_t layer) const {
  const LayerWeights& weights = weights_.layers[layer];
  const std::vector<float> x = normalized(weights.attention_norm);
  const std::vector<float> mixed =
      config_.attention.latent ? attend_latent(layer, x) : attend_grouped(layer, x);
  return project(mixed, weights.attention_output);
}

std::vector<float> ForwardPass::attend_grouped(std::size_t layer, std::span<const float> x) const {
  const LayerWeights& weights = weights_.layers[layer];
  const AttentionConfig& attention = config_.attention;
  std::vector<float> queries = project(x, weights.query, weights.query_bias);
  std::vector<float> keys = project(x, weights.key, weights.key_bias);
  const std::vector<float> values = project(x, weights.value, weights.value_bias);
  if (!weights.query_norm.empty()) {
    reference::rms_norm(queries, weights.query_norm, config_.norm_epsilon, queries);
    reference::rms_norm(keys, weights.key_norm, config_.norm_epsilon, keys);
  }
  const KeyValueExtents extents = key_value_extents(attention, config_.rope);
  const std::size_t query_size = attention.num_heads * attention.key_dim;
  const std::size_t out_size = attention.num_heads * attention.value_dim;
  const kernels::AttentionShape shape{attention.num_heads, attention.num_kv_heads, attention.key_dim,
                                      attention.value_dim, extents.key_stride,     extents.value_stride,
                                      attention.scale};
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    const auto key = std::span(keys).subspan(row * extents.key_stride, extents.key_stride);
    const auto value = std::span(values).subspan(row * extents.value_stride, extents.value_stride);
    for (std::size_t head = 0; head < attention.num_kv_heads; ++head)
      turn(key.subspan(head * attention.key_dim, attention.key_dim), rows_[row].position);
    KeyValueState& state = *rows_[row].chunk->state;
    std::ranges::copy(key, state.key_row(layer, rows_[row].position));
    std::ranges::copy(value, state.value_row(layer, rows_[row].position));
  }
  std::vector<float> out(rows_.size() * out_size);
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    const auto query = std::span(queries).subspan(row * query_size, query_size);
    for (std::size_t head = 0; head < attention.num_heads; ++head)
      turn(query.subspan(head * attention.key_dim, attention.key_dim), rows_[row].position);
    const auto key_pages = rows_[row].chunk->state->key_pages(layer);
    const auto value_pages = rows_[row].chunk->state->value_pages(layer);
    reference::attention(shape, query, {key_pages, value_pages, rows_[row].position + 1},
                         std::span(out).subspan(row * out_size, out_size));
    tap_attention(row, shape, query, key_pages);
  }
  return out;
}

std::vector<float> ForwardPass::latent_queries(const LayerWeights& weights, std::span<const float> x) const {
  if (config_.attention.latent->query_rank == 0) return project(x, weights.query);
  std::vector<float> latent = project(x, weights.query_latent);
  reference::rms_norm(latent, weights.query_latent_norm, config_.norm_epsilon, latent);
  return project(latent, weights.query);
}

// The absorbed form: a head's query is carried into the latent space, so that all heads share one key row,
// and what attention returns is carried out of it. arXiv:2405.04434, section 2.1.2.
std::vector<float> ForwardPass::attend_latent(std::size_t layer, std::span<const float> x) const {
  const LayerWeights& weights = weights_.layers[layer];
  const AttentionConfig& attention = config_.attention;
  const auto [query_rank, kv_rank, plain_dim] = *attention.latent;
  const std::size_t rope_dims = config_.rope.dims;
  const std::size_t row_size = kv_rank + rope_dims;
  std::vector<float> queries = latent_queries(weights, x);
  std::vector<float> keys = project(x, weights.kv_latent);
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    const auto key = std::span(keys).subspan(row * row_size, row_size);
    reference::rms_norm(key.first(kv_rank), weights.kv_latent_norm, config_.norm_epsilon, key.first(kv_rank));
    turn(key.last(rope_dims), rows_[row].position);
    std::ranges::copy(key, rows_[row].chunk->state->key_row(layer, rows_[row].position));
  }

  const std::size_t value_dim = attention.value_dim;
  const kernels::AttentionShape shape{attention.num_heads, 1, row_size, kv_rank, row_size, row_size,
                                      attention.scale};
  std::vector<float> absorbed(attention.num_heads * row_size);
  std::vector<float> latent(attention.num_heads * kv_rank);
  std::vector<float> out(rows_.size() * attention.num_heads * value_dim);
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    for (std::size_t head = 0; head < attention.num_heads; ++head) {
      const auto query = std::span(queries).subspan((row * attention.num_heads + head) * attention.key_dim,
                                                    attention.key_dim);
      const auto target = std::span(absorbed).subspan(head * row_size, row_size);
      turn(query.last(rope_dims), rows_[row].position);
      reference::matmul({1, plain_dim, kv_rank}, query.first(plain_dim),
                        weights.head_key.subspan(head * kv_rank * plain_dim, kv_rank * plain_dim),
                        target.first(kv_rank));
      std::ranges::copy(query.last(rope_dims), target.begin() + static_cast<std::ptrdiff_t>(kv_rank));
    }
    const auto pages = rows_[row].chunk->state->key_pages(layer);
    reference::attention(shape, absorbed, {pages, pages, rows_[row].position + 1}, latent);
    tap_attention(row, shape, absorbed, pages);
    for (std::size_t head = 0; head < attention.num_heads; ++head)
      reference::matmul({1, kv_rank, value_dim}, std::span(latent).subspan(head * kv_rank, kv_rank),
                        weights.head_value.subspan(head * value_dim * kv_rank, value_dim * kv_rank),
                        std::span(out).subspan((row * attention.num_heads + head) * value_dim, value_dim));
  }
  return out;
}

}  // namespace lyceum::model
