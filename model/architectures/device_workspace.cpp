#include "model/architectures/device_workspace.hpp"

#include <algorithm>

#include "model/architectures/key_value_pages.hpp"

namespace lyceum::model {
namespace {

kernels::DeviceRows take_rows(Layout& layout, std::size_t num_rows, std::size_t width) {
  const auto stride = static_cast<std::size_t>(kernels::narrow_stride(static_cast<std::int32_t>(width)));
  return {layout.take<float>(num_rows * width), layout.take<std::uint16_t>(num_rows * stride)};
}

/// Values between two products, of all rows or all routes.
struct InnerExtents {
  std::size_t row_width = 0;
  std::size_t route_width = 0;
  std::size_t num_experts = 0;
};

InnerExtents inner_extents(const ModelConfig& config) {
  InnerExtents most;
  for (const LayerConfig& layer : config.layers) {
    most.row_width = std::max(most.row_width, layer.num_inner);
    if (!layer.experts) continue;
    most.row_width = std::max(most.row_width, layer.experts->num_shared_inner);
    most.route_width = std::max(most.route_width, layer.experts->num_inner);
    most.num_experts = std::max(most.num_experts, layer.experts->num_experts);
  }
  return most;
}

void lay_out_attention(const AttentionConfig& attention, const RopeConfig& rope,
                       const WorkspaceExtents& extents, Layout& layout, DeviceWorkspace& workspace) {
  const std::size_t rows = extents.num_rows;
  const KeyValueExtents kept = key_value_extents(attention, rope);
  workspace.queries = layout.take<float>(rows * attention.num_heads * attention.key_dim);
  workspace.keys = layout.take<float>(rows * kept.key_stride);
  workspace.values = layout.take<float>(rows * kept.value_stride);
  workspace.mixed = take_rows(layout, rows, attention.num_heads * attention.value_dim);
  std::size_t value_dim = attention.value_dim;
  if (attention.latent) {
    const LatentAttention& latent = *attention.latent;
    value_dim = latent.kv_rank;
    workspace.query_latent = take_rows(layout, rows, latent.query_rank);
    workspace.absorbed = layout.take<float>(rows * attention.num_heads * kept.key_stride);
    workspace.latent = layout.take<float>(rows * attention.num_heads * latent.kv_rank);
    workspace.head_in = take_rows(layout, rows, std::max(latent.plain_dim, latent.kv_rank));
  }
  const std::int64_t partials = kernels::attention_partials(
      static_cast<std::int64_t>(rows), static_cast<std::int64_t>(attention.num_heads),
      static_cast<std::int64_t>(value_dim), static_cast<std::int64_t>(extents.num_pages));
  workspace.partials = layout.take<float>(static_cast<std::size_t>(partials));
}

DeviceWorkspace lay_out(const ModelConfig& config, const WorkspaceExtents& extents, Layout& layout) {
  DeviceWorkspace workspace;
  const std::size_t rows = extents.num_rows;
  const std::size_t routes = extents.num_routes;
  const std::size_t hidden = config.num_hidden;
  workspace.hidden = layout.take<float>(rows * hidden);
  workspace.normalized = take_rows(layout, rows, hidden);
  workspace.change = layout.take<float>(rows * hidden);
  lay_out_attention(config.attention, config.rope, extents, layout, workspace);
  const InnerExtents inner = inner_extents(config);
  const std::size_t num_inner = std::max(rows * inner.row_width, routes * inner.route_width);
  workspace.gate = layout.take<float>(num_inner);
  workspace.up = layout.take<float>(num_inner);
  workspace.inner.wide = layout.take<float>(num_inner);
  workspace.inner.narrow = layout.take<std::uint16_t>(num_inner + 32 * std::max(rows, routes));
  workspace.shared = layout.take<float>(rows * hidden);
  workspace.router_logits = layout.take<float>(rows * inner.num_experts);
  workspace.experts = layout.take<std::int32_t>(routes * config.layers.size());
  workspace.shares = layout.take<float>(routes * config.layers.size());
  workspace.guessed_in = layout.take<float>(routes == 0 ? 0 : rows * hidden);
  workspace.guessed_experts = layout.take<std::int32_t>(routes);
  workspace.guessed_shares = layout.take<float>(routes);
  workspace.slot_of_route = layout.take<std::int32_t>(routes);
  workspace.row_of_slot = layout.take<std::int32_t>(routes);
  workspace.expert_tiles =
      layout.take<std::int32_t>(3 * (routes / kernels::kDeviceFewRows + inner.num_experts));
  workspace.slots = layout.take<float>(routes * hidden);
  workspace.last = take_rows(layout, extents.num_logits, hidden);
  workspace.logits = layout.take<float>(extents.num_logits * config.vocabulary_size);
  const std::size_t num_highest = extents.num_logits * extents.num_highest;
  workspace.highest_keys = layout.take<std::uint64_t>(static_cast<std::size_t>(kernels::top_keys(
      static_cast<std::int64_t>(extents.num_logits), static_cast<std::int64_t>(config.vocabulary_size),
      static_cast<std::int64_t>(extents.num_highest))));
  workspace.highest_tokens = layout.take<std::int32_t>(num_highest);
  workspace.highest_logits = layout.take<float>(num_highest);
  return workspace;
}

}  // namespace

std::size_t workspace_bytes(const ModelConfig& config, const WorkspaceExtents& extents) {
  Layout counted(nullptr);
  lay_out(config, extents, counted);
  return counted.size_bytes();
}

Result<DeviceWorkspace> make_workspace(const ModelConfig& config, const WorkspaceExtents& extents,
                                       GrowingMemory& memory) {
  TRY(std::byte* const base, memory.of(workspace_bytes(config, extents)));
  Layout layout(base);
  return lay_out(config, extents, layout);
}

}  // namespace lyceum::model
