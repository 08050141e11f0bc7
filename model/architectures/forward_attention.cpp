#include <algorithm>

#include "kernels/attention.hpp"
#include "kernels/rope.hpp"
#include "model/architectures/forward_pass.hpp"

namespace lyceum::model {
namespace {

/// Row `index` of rows of `width` values.
template <class T>
std::span<T> row_of(std::span<T> values, std::size_t index, std::size_t width) {
  return values.subspan(index * width, width);
}

}  // namespace

// Once for all layers and heads: sines cost more than the turns.
void ForwardPass::compute_turns() {
  const std::size_t num_pairs = rope_frequencies_.size();
  const auto cosines = workspace_.cosines.of(rows_.size() * num_pairs);
  const auto sines = workspace_.sines.of(rows_.size() * num_pairs);
  operations_.for_each(rows_.size(), [&](std::size_t row) {
    kernels::rope_factors(rope_frequencies_, config_.rope.magnitude, rows_[row].position,
                          row_of(cosines, row, num_pairs), row_of(sines, row, num_pairs));
  });
}

void ForwardPass::turn(std::span<float> head, std::size_t row) {
  const std::size_t num_pairs = rope_frequencies_.size();
  const auto cosines = workspace_.cosines.of(rows_.size() * num_pairs);
  const auto sines = workspace_.sines.of(rows_.size() * num_pairs);
  kernels::turn_head({row_of(cosines, row, num_pairs), row_of(sines, row, num_pairs)},
                     config_.architecture.rope_pairs, head);
}

void ForwardPass::attend(std::size_t layer) {
  const LayerWeights& weights = weights_.layers[layer];
  const auto x = normalized(weights.attention_norm);
  const auto mixed = config_.attention.latent ? attend_latent(layer, x) : attend_grouped(layer, x);
  project(mixed, weights.attention_output, workspace_.change.of(hidden_.size()));
}

std::span<const float> ForwardPass::attend_grouped(std::size_t layer, std::span<const float> x) {
  const LayerWeights& weights = weights_.layers[layer];
  const AttentionConfig& attention = config_.attention;
  const KeyValueExtents extents = key_value_extents(attention, config_.rope);
  const std::size_t query_size = attention.num_heads * attention.key_dim;
  const auto queries = workspace_.queries.of(rows_.size() * query_size);
  const auto keys = workspace_.keys.of(rows_.size() * extents.key_stride);
  const auto values = workspace_.values.of(rows_.size() * extents.value_stride);
  const std::array products{kernels::Product{weights.query, queries}, kernels::Product{weights.key, keys},
                            kernels::Product{weights.value, values}};
  operations_.matmul(rows_.size(), x, products);
  add_bias(queries, weights.query_bias);
  add_bias(keys, weights.key_bias);
  add_bias(values, weights.value_bias);
  if (!weights.query_norm.empty()) {
    operations_.rms_norm(queries, weights.query_norm, config_.norm_epsilon, queries);
    operations_.rms_norm(keys, weights.key_norm, config_.norm_epsilon, keys);
  }
  operations_.for_each(rows_.size(), [&](std::size_t row) {
    const auto key = row_of(keys, row, extents.key_stride);
    for (std::size_t head = 0; head < attention.num_kv_heads; ++head)
      turn(row_of(key, head, attention.key_dim), row);
    const auto query = row_of(queries, row, query_size);
    for (std::size_t head = 0; head < attention.num_heads; ++head)
      turn(row_of(query, head, attention.key_dim), row);
    KeyValueState& state = *rows_[row].chunk->state;
    std::ranges::copy(key, state.key_row(layer, rows_[row].position));
    std::ranges::copy(row_of(values, row, extents.value_stride), state.value_row(layer, rows_[row].position));
  });
  const kernels::AttentionShape shape{attention.num_heads, attention.num_kv_heads, attention.key_dim,
                                      attention.value_dim, extents.key_stride,     extents.value_stride,
                                      attention.scale};
  const auto out = workspace_.mixed.of(rows_.size() * attention.num_heads * attention.value_dim);
  attend_pages(layer, shape, queries, out);
  return out;
}

/// Attention of all rows over their sequences' pages, which hold this batch's keys and values.
void ForwardPass::attend_pages(std::size_t layer, const kernels::AttentionShape& shape,
                               std::span<const float> queries, std::span<float> out) {
  workspace_.key_pages.resize(batch_.size());
  workspace_.value_pages.resize(batch_.size());
  for (std::size_t chunk = 0; chunk < batch_.size(); ++chunk) {
    workspace_.key_pages[chunk] = batch_[chunk].state->key_pages(layer);
    workspace_.value_pages[chunk] = batch_[chunk].state->value_pages(layer);
  }
  const auto asked = workspace_.attention_queries.of(rows_.size());
  const std::size_t query_size = shape.num_heads * shape.key_dim;
  const std::size_t out_size = shape.num_heads * shape.value_dim;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    const auto chunk = static_cast<std::size_t>(rows_[row].chunk - batch_.data());
    asked[row] = {
        .query = row_of(queries, row, query_size),
        .seen = {workspace_.key_pages[chunk], workspace_.value_pages[chunk], rows_[row].position + 1},
        .out = row_of(out, row, out_size)};
  }
  operations_.attention(shape, asked);
  for (std::size_t row = 0; row < rows_.size(); ++row)
    tap_attention(row, shape, asked[row].query, asked[row].seen.key_pages);
}

std::span<float> ForwardPass::latent_queries(const LayerWeights& weights, std::span<const float> x) {
  const std::size_t rank = config_.attention.latent->query_rank;
  const auto queries = workspace_.queries.of(rows_.size() * weights.query.num_outputs);
  if (rank == 0) {
    project(x, weights.query, queries);
    return queries;
  }
  const auto latent = workspace_.query_latent.of(rows_.size() * rank);
  project(x, weights.query_latent, latent);
  operations_.rms_norm(latent, weights.query_latent_norm, config_.norm_epsilon, latent);
  project(latent, weights.query, queries);
  return queries;
}

/// A head's query is carried into the latent space, so that all heads share one key row.
void ForwardPass::absorb_queries(const LayerWeights& weights, std::span<float> queries,
                                 std::span<float> absorbed) {
  const AttentionConfig& attention = config_.attention;
  const std::size_t kv_rank = attention.latent->kv_rank;
  const std::size_t plain_dim = attention.latent->plain_dim;
  const std::size_t rope_dims = config_.rope.dims;
  const std::size_t row_size = kv_rank + rope_dims;
  const auto plain = workspace_.head_in.of(rows_.size() * plain_dim);
  const auto carried = workspace_.head_out.of(rows_.size() * kv_rank);
  for (std::size_t head = 0; head < attention.num_heads; ++head) {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const auto query = row_of(queries, row * attention.num_heads + head, attention.key_dim);
      std::ranges::copy(query.first(plain_dim), row_of(plain, row, plain_dim).begin());
    }
    project(plain, weights.head_key.rows(head * kv_rank, kv_rank), carried);
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const auto query = row_of(queries, row * attention.num_heads + head, attention.key_dim);
      const auto target = row_of(absorbed, row * attention.num_heads + head, row_size);
      turn(query.last(rope_dims), row);
      std::ranges::copy(row_of(carried, row, kv_rank), target.begin());
      std::ranges::copy(query.last(rope_dims), target.subspan(kv_rank).begin());
    }
  }
}

// The absorbed form: what attention returns is carried out of the latent space again. arXiv:2405.04434,
// section 2.1.2.
std::span<const float> ForwardPass::attend_latent(std::size_t layer, std::span<const float> x) {
  const LayerWeights& weights = weights_.layers[layer];
  const AttentionConfig& attention = config_.attention;
  const std::size_t num_heads = attention.num_heads;
  const std::size_t kv_rank = attention.latent->kv_rank;
  const std::size_t row_size = kv_rank + config_.rope.dims;
  const auto queries = latent_queries(weights, x);
  const auto keys = workspace_.keys.of(rows_.size() * row_size);
  project(x, weights.kv_latent, keys);
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    const auto key = row_of(keys, row, row_size);
    operations_.rms_norm(key.first(kv_rank), weights.kv_latent_norm, config_.norm_epsilon,
                         key.first(kv_rank));
    turn(key.last(config_.rope.dims), row);
    std::ranges::copy(key, rows_[row].chunk->state->key_row(layer, rows_[row].position));
  }
  const auto absorbed = workspace_.absorbed.of(rows_.size() * num_heads * row_size);
  absorb_queries(weights, queries, absorbed);
  const auto latent = workspace_.latent.of(rows_.size() * num_heads * kv_rank);
  attend_pages(layer, {num_heads, 1, row_size, kv_rank, row_size, row_size, attention.scale}, absorbed,
               latent);

  const std::size_t value_dim = attention.value_dim;
  const auto head_in = workspace_.head_in.of(rows_.size() * kv_rank);
  const auto head_out = workspace_.head_out.of(rows_.size() * value_dim);
  const auto out = workspace_.mixed.of(rows_.size() * num_heads * value_dim);
  for (std::size_t head = 0; head < num_heads; ++head) {
    for (std::size_t row = 0; row < rows_.size(); ++row)
      std::ranges::copy(row_of(latent, row * num_heads + head, kv_rank),
                        row_of(head_in, row, kv_rank).begin());
    project(head_in, weights.head_value.rows(head * value_dim, value_dim), head_out);
    for (std::size_t row = 0; row < rows_.size(); ++row)
      std::ranges::copy(row_of(head_out, row, value_dim),
                        row_of(out, row * num_heads + head, value_dim).begin());
  }
  return out;
}

}  // namespace lyceum::model
