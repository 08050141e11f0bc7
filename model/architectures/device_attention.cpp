#include "kernels/attention.hpp"
#include "model/architectures/device_pass.hpp"
#include "model/architectures/key_value_pages.hpp"

namespace lyceum::model {
namespace {

std::int32_t extent(std::size_t size) {
  return static_cast<std::int32_t>(size);
}

}  // namespace

kernels::DevicePlaces DevicePass::places(std::size_t layer) const {
  const KeyValueExtents kept = key_value_extents(config_.attention, config_.rope);
  const std::size_t layer_floats = kernels::kAttentionPage * (kept.key_stride + kept.value_stride);
  return {plan_.positions, plan_.first_page, plan_.pages, static_cast<std::int64_t>(layer * layer_floats),
          plan_.num_rows};
}

Result<void> DevicePass::attend(std::size_t layer) {
  const DeviceLayer& weights = weights_.layers[layer];
  const bool is_latent = config_.attention.latent.has_value();
  normalize(weights.attention_norm, takes_narrow(weights.query) || takes_narrow(weights.key) ||
                                        takes_narrow(weights.value) || takes_narrow(weights.query_latent) ||
                                        takes_narrow(weights.kv_latent));
  TRY_OK(is_latent ? attend_latent(layer) : attend_grouped(layer));
  project(workspace_.mixed, {{weights.attention_output, workspace_.change}});
  return ok();
}

Result<void> DevicePass::attend_grouped(std::size_t layer) {
  const DeviceLayer& weights = weights_.layers[layer];
  const AttentionConfig& attention = config_.attention;
  const KeyValueExtents kept = key_value_extents(attention, config_.rope);
  const auto num_heads = extent(attention.num_heads);
  const auto num_kv_heads = extent(attention.num_kv_heads);
  const auto key_dim = extent(attention.key_dim);
  project(workspace_.normalized, {{weights.query, workspace_.queries, weights.query_bias},
                                  {weights.key, workspace_.keys, weights.key_bias},
                                  {weights.value, workspace_.values, weights.value_bias}});
  normalize_heads(workspace_.queries, num_heads, weights.query_norm, weights.query_norm_width);
  normalize_heads(workspace_.keys, num_kv_heads, weights.key_norm, weights.key_norm_width);
  turn(workspace_.queries, num_heads, num_heads * key_dim, key_dim);
  turn(workspace_.keys, num_kv_heads, num_kv_heads * key_dim, key_dim);
  const auto value_offset = static_cast<std::int64_t>(kernels::kAttentionPage * kept.key_stride);
  store(layer, workspace_.keys, 0, extent(kept.key_stride));
  store(layer, workspace_.values, value_offset, extent(kept.value_stride));
  kernels::DeviceAttention asked{};
  asked.queries = workspace_.queries;
  asked.out = workspace_.mixed;
  if (!takes_narrow(weights.attention_output)) asked.out.narrow = nullptr;
  asked.num_kv_heads = num_kv_heads;
  asked.key_dim = key_dim;
  asked.value_dim = extent(attention.value_dim);
  asked.key_stride = extent(kept.key_stride);
  asked.value_stride = extent(kept.value_stride);
  asked.value_offset = value_offset;
  return attend_pages(layer, asked);
}

/// Each of `width` values by itself: a head's, or a row's.
void DevicePass::normalize_heads(float* heads, std::int32_t num_heads, const float* weight,
                                 std::int32_t width) const {
  if (weight == nullptr) return;
  kernels::DeviceNorm norm{};
  norm.hidden = heads;
  norm.weight = weight;
  norm.out.wide = heads;
  norm.num_rows = plan_.num_rows * (num_heads * extent(config_.attention.key_dim) / width);
  norm.width = width;
  norm.stride = width;
  norm.epsilon = config_.norm_epsilon;
  table_.rms_norm(context_, &norm);
}

void DevicePass::turn(float* heads, std::int32_t num_heads, std::int32_t row_stride,
                      std::int32_t head_stride) const {
  const bool is_adjacent = config_.architecture.rope_pairs == kernels::RopePairs::adjacent;
  const kernels::DeviceTurn turned{heads,
                                   plan_.cosines,
                                   plan_.sines,
                                   plan_.num_rows,
                                   num_heads,
                                   row_stride,
                                   head_stride,
                                   extent(config_.rope.dims / 2),
                                   is_adjacent ? 1 : 0};
  table_.turn(context_, &turned);
}

void DevicePass::store(std::size_t layer, const float* x, std::int64_t offset, std::int32_t stride) const {
  const kernels::DeviceStore stored{places(layer), x, stride, offset, stride};
  table_.store(context_, &stored);
}

/// Fills in what is the same for all kinds of attention.
Result<void> DevicePass::attend_pages(std::size_t layer, kernels::DeviceAttention asked) const {
  asked.places = places(layer);
  asked.num_heads = extent(config_.attention.num_heads);
  asked.scale = config_.attention.scale;
  asked.num_pages_max = plan_.num_pages_max;
  asked.uses_narrow = takes_narrow(weights_.layers[layer].attention_output) ? 1 : 0;
  asked.tiles = plan_.tiles;
  asked.num_tiles = plan_.num_tiles;
  asked.partials = workspace_.partials;
  table_.attend(context_, &asked);
  return tap_attention(asked);
}

/// With the latents of keys and values, which take the same input.
void DevicePass::latent_queries(const DeviceLayer& weights) {
  const Product kept{weights.kv_latent, workspace_.keys};
  if (weights.query_latent.data == nullptr)
    return project(workspace_.normalized, {{weights.query, workspace_.queries}, kept});
  const kernels::DeviceRows& latent = workspace_.query_latent;
  project(workspace_.normalized, {{weights.query_latent, latent.wide}, kept});
  kernels::DeviceNorm norm{};
  norm.hidden = latent.wide;
  norm.weight = weights.query_latent_norm;
  norm.out = latent;
  norm.num_rows = plan_.num_rows;
  norm.width = weights.query_latent.num_outputs;
  norm.stride = norm.width;
  norm.epsilon = config_.norm_epsilon;
  table_.rms_norm(context_, &norm);
  project(latent, {{weights.query, workspace_.queries}});
}

/// One head's rows of `x` (heads of `head_width` values, the first `width` taken) times its rows of `weight`.
void DevicePass::project_head(const float* x, std::int32_t head, std::int32_t head_width,
                              const DeviceMatrix& weight, float* y, std::int32_t y_head_width) const {
  const auto num_heads = extent(config_.attention.num_heads);
  const std::int32_t num_outputs = weight.num_outputs / num_heads;
  const auto type = static_cast<kernels::WeightType>(weight.type);
  const kernels::WeightMatrix rows{type, static_cast<std::size_t>(weight.num_inputs),
                                   static_cast<std::size_t>(weight.num_outputs),
                                   static_cast<const std::byte*>(weight.data)};
  kernels::DeviceProducts asked{};
  kernels::DeviceProduct& product = asked.parts[asked.num_parts++];
  product.weight = {rows.row(static_cast<std::size_t>(head * num_outputs)), weight.type, weight.num_inputs,
                    num_outputs};
  const kernels::DeviceCopyRows copy{
      x + head * head_width, workspace_.head_in.wide, workspace_.head_in.narrow, plan_.num_rows,
      weight.num_inputs,     num_heads * head_width,  weight.num_inputs};
  table_.copy_rows(context_, &copy);
  asked.x = workspace_.head_in;
  asked.num_rows = plan_.num_rows;
  asked.x_stride = weight.num_inputs;
  product.y = y + head * y_head_width;
  product.y_stride = num_heads * y_head_width;
  table_.multiply(context_, &asked);
}

/// A head's query is carried into the latent space, so that all heads share one key row.
void DevicePass::absorb_queries(const DeviceLayer& weights) {
  const AttentionConfig& attention = config_.attention;
  const auto num_heads = extent(attention.num_heads);
  const auto key_dim = extent(attention.key_dim);
  const auto kv_rank = extent(attention.latent->kv_rank);
  const auto rope_dims = extent(config_.rope.dims);
  const std::int32_t row_size = kv_rank + rope_dims;
  for (std::int32_t head = 0; head < num_heads; ++head)
    project_head(workspace_.queries, head, key_dim, weights.head_key, workspace_.absorbed, row_size);
  float* const turned = workspace_.queries + (key_dim - rope_dims);
  turn(turned, num_heads, num_heads * key_dim, key_dim);
  const kernels::DeviceCopyRows copy{
      turned,  workspace_.absorbed + kv_rank, nullptr, plan_.num_rows * num_heads, rope_dims, key_dim,
      row_size};
  table_.copy_rows(context_, &copy);
}

// The absorbed form, as in forward_attention.cpp.
Result<void> DevicePass::attend_latent(std::size_t layer) {
  const DeviceLayer& weights = weights_.layers[layer];
  const AttentionConfig& attention = config_.attention;
  const auto kv_rank = extent(attention.latent->kv_rank);
  const std::int32_t row_size = kv_rank + extent(config_.rope.dims);
  latent_queries(weights);
  kernels::DeviceNorm norm{};
  norm.hidden = workspace_.keys;
  norm.weight = weights.kv_latent_norm;
  norm.out.wide = workspace_.keys;
  norm.num_rows = plan_.num_rows;
  norm.width = kv_rank;
  norm.stride = row_size;
  norm.epsilon = config_.norm_epsilon;
  table_.rms_norm(context_, &norm);
  turn(workspace_.keys + kv_rank, 1, row_size, row_size);
  store(layer, workspace_.keys, 0, row_size);
  absorb_queries(weights);
  kernels::DeviceAttention asked{};
  asked.queries = workspace_.absorbed;
  asked.out.wide = workspace_.latent;
  asked.num_kv_heads = 1;
  asked.key_dim = row_size;
  asked.value_dim = kv_rank;
  asked.key_stride = row_size;
  asked.value_stride = row_size;
  TRY_OK(attend_pages(layer, asked));
  const auto value_dim = extent(attention.value_dim);
  const auto num_heads = extent(attention.num_heads);
  for (std::int32_t head = 0; head < num_heads; ++head)
    project_head(workspace_.latent, head, kv_rank, weights.head_value, workspace_.mixed.wide, value_dim);
  if (takes_narrow(weights.attention_output))
    narrow(workspace_.mixed.wide, num_heads * value_dim, num_heads * value_dim, workspace_.mixed.narrow);
  return ok();
}

}  // namespace lyceum::model
