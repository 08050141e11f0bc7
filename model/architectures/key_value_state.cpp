#include "model/architectures/key_value_state.hpp"

#include "kernels/attention.hpp"

namespace lyceum::model {

using kernels::kAttentionPage;

KeyValueExtents key_value_extents(const AttentionConfig& attention, const RopeConfig& rope) {
  if (attention.latent) return {.key_stride = attention.latent->kv_rank + rope.dims};
  return {.key_stride = attention.num_kv_heads * attention.key_dim,
          .value_stride = attention.num_kv_heads * attention.value_dim};
}

KeyValueState::KeyValueState(const ModelConfig& config)
    : extents_(key_value_extents(config.attention, config.rope)), layers_(config.layers.size()) {}

void KeyValueState::reserve(std::size_t count) {
  const std::size_t num_pages = (length_ + count + kAttentionPage - 1) / kAttentionPage;
  for (auto& pages : layers_) {
    while (pages.size() < num_pages)
      pages.push_back({.keys = std::vector<float>(kAttentionPage * extents_.key_stride),
                       .values = std::vector<float>(kAttentionPage * extents_.value_stride)});
  }
}

float* KeyValueState::key_row(std::size_t layer, std::size_t position) {
  return layers_[layer][position / kAttentionPage].keys.data() +
         position % kAttentionPage * extents_.key_stride;
}

float* KeyValueState::value_row(std::size_t layer, std::size_t position) {
  return layers_[layer][position / kAttentionPage].values.data() +
         position % kAttentionPage * extents_.value_stride;
}

std::vector<const float*> KeyValueState::key_pages(std::size_t layer) const {
  std::vector<const float*> pages;
  for (const Page& page : layers_[layer]) pages.push_back(page.keys.data());
  return pages;
}

std::vector<const float*> KeyValueState::value_pages(std::size_t layer) const {
  if (extents_.value_stride == 0) return key_pages(layer);
  std::vector<const float*> pages;
  for (const Page& page : layers_[layer]) pages.push_back(page.values.data());
  return pages;
}

}  // namespace lyceum::model
