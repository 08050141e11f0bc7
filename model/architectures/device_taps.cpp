// What a pass on a device shows of itself: brought back and put as ForwardPass puts it. Layers in which
// nobody looks at anything are not waited for.
#include <algorithm>

#include "kernels/rms_norm.hpp"
#include "model/architectures/device_pass.hpp"
#include "model/architectures/tap_steps.hpp"

namespace lyceum::model {
namespace {

bool any_of_taps(const DevicePlan& plan, const auto& asks) {
  return std::ranges::any_of(
      plan.rows, [&](const DeviceRow& row) { return row.chunk->taps != nullptr && asks(*row.chunk->taps); });
}

}  // namespace

void DevicePass::prepare_taps() const {
  const SequenceChunk* last = nullptr;
  for (const DeviceRow& row : plan_.rows) {
    if (row.chunk != last && row.chunk->taps != nullptr)
      model::prepare_taps(*row.chunk->taps, config_.layers.size(), row.chunk->tokens.size());
    last = row.chunk;
  }
}

Result<void> DevicePass::tap_hidden(std::size_t layer) const {
  const bool is_last = layer + 1 == config_.layers.size();
  if (!any_of_taps(plan_, [&](const ChunkTaps& taps) {
        return (is_last && taps.wants_final_hidden) ||
               std::ranges::find(taps.hidden_layers, layer) != taps.hidden_layers.end();
      }))
    return ok();
  const std::size_t width = config_.num_hidden;
  auto hidden = brought_back(workspace_.hidden, plan_.rows.size() * width);
  const auto change = brought_back(workspace_.change, plan_.rows.size() * width);
  const auto norm = brought_back(weights_.output_norm, width);
  TRY_OK(device_.synchronize());
  for (std::size_t i = 0; i < hidden.size(); ++i) hidden[i] += change[i];
  for (std::size_t row = 0; row < plan_.rows.size(); ++row) {
    ChunkTaps* const taps = plan_.rows[row].chunk->taps;
    if (taps == nullptr) continue;
    const auto values = std::span(hidden).subspan(row * width, width);
    for (std::size_t i = 0; i < taps->hidden_layers.size(); ++i) {
      if (taps->hidden_layers[i] == layer) append_values(taps->hidden[i], values);
    }
    if (!is_last || !taps->wants_final_hidden) continue;
    kernels::reference::rms_norm(values, norm, config_.norm_epsilon, values);
    append_values(taps->final_hidden, values);
  }
  return ok();
}

bool DevicePass::probabilities_are_wanted() const {
  return any_of_taps(plan_, [](const ChunkTaps& taps) { return taps.wants_router_probabilities; });
}

/// Where the router's logits are asked for as well, which the next layer's overwrite.
Result<void> DevicePass::tap_routes(std::size_t layer) const {
  if (!probabilities_are_wanted()) return ok();
  const LayerRoutePlan& routes = plan_.routes[layer];
  const auto num_routes = static_cast<std::size_t>(routes.num_routes);
  const std::size_t num_experts = config_.layers[layer].experts->num_experts;
  const auto experts = brought_back(routes_of(layer).experts, num_routes);
  const auto shares = brought_back(routes_of(layer).shares, num_routes);
  const auto logits = brought_back(workspace_.router_logits, plan_.rows.size() * num_experts);
  TRY_OK(device_.synchronize());
  append_routes_of(layer, experts, shares, logits);
  return ok();
}

void DevicePass::append_routes_of(std::size_t layer, std::span<const std::int32_t> experts,
                                  std::span<const float> shares, std::span<const float> logits) const {
  const std::vector<std::int32_t>& first = plan_.routes[layer].first;
  const std::size_t num_logits = logits.size() / plan_.rows.size();
  for (std::size_t row = 0; row < plan_.rows.size(); ++row) {
    ChunkTaps* const taps = plan_.rows[row].chunk->taps;
    if (taps == nullptr) continue;
    const auto begin = static_cast<std::size_t>(first[row]);
    const auto count = static_cast<std::size_t>(first[row + 1]) - begin;
    append_routes(*taps, layer, logits.subspan(row * num_logits, num_logits), experts.subspan(begin, count),
                  shares.subspan(begin, count));
  }
}

Result<void> DevicePass::show_routes() const {
  if (probabilities_are_wanted()) return ok();
  if (!any_of_taps(plan_, [](const ChunkTaps& taps) { return taps.wants_routes; })) return ok();
  const auto stride = static_cast<std::size_t>(plan_.num_routes_max);
  const auto experts = brought_back(workspace_.experts, config_.layers.size() * stride);
  const auto shares = brought_back(workspace_.shares, config_.layers.size() * stride);
  TRY_OK(device_.synchronize());
  for (std::size_t layer = 0; layer < config_.layers.size(); ++layer) {
    const auto num_routes = static_cast<std::size_t>(plan_.routes[layer].num_routes);
    if (num_routes == 0) continue;
    append_routes_of(layer, std::span(experts).subspan(layer * stride, num_routes),
                     std::span(shares).subspan(layer * stride, num_routes), {});
  }
  return ok();
}

Result<void> DevicePass::tap_attention(const kernels::DeviceAttention& asked) const {
  if (!any_of_taps(plan_, [](const ChunkTaps& taps) { return !taps.attention_spans.empty(); })) return ok();
  const kernels::AttentionShape shape{static_cast<std::size_t>(asked.num_heads),
                                      static_cast<std::size_t>(asked.num_kv_heads),
                                      static_cast<std::size_t>(asked.key_dim),
                                      static_cast<std::size_t>(asked.value_dim),
                                      static_cast<std::size_t>(asked.key_stride),
                                      static_cast<std::size_t>(asked.value_stride),
                                      asked.scale};
  const std::size_t query_size = shape.num_heads * shape.key_dim;
  const auto queries = brought_back(asked.queries, plan_.rows.size() * query_size);
  const SequenceChunk* last = nullptr;
  std::vector<std::vector<float>> pages;
  std::vector<const float*> key_pages;
  std::size_t first_row = 0;
  for (std::size_t row = 0; row < plan_.rows.size(); ++row) {
    const SequenceChunk& chunk = *plan_.rows[row].chunk;
    if (&chunk != last) first_row = row;
    if (&chunk != last && chunk.taps != nullptr && !chunk.taps->attention_spans.empty()) {
      pages.clear();
      key_pages.clear();
      for (const KeyValuePage& page : chunk.state->pages()) {
        pages.push_back(
            brought_back(page.get() + asked.places.layer_offset, kernels::kAttentionPage * shape.key_stride));
        key_pages.push_back(pages.back().data());
      }
      TRY_OK(device_.synchronize());
    }
    last = &chunk;
    if (chunk.taps == nullptr) continue;
    add_attention_mass(*chunk.taps, shape,
                       {.token = row - first_row,
                        .position = plan_.rows[row].position,
                        .share = 1.0 / static_cast<double>(config_.layers.size() * shape.num_heads),
                        .query = std::span(queries).subspan(row * query_size, query_size),
                        .key_pages = key_pages});
  }
  return ok();
}

}  // namespace lyceum::model
