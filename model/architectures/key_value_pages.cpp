#include "model/architectures/key_value_pages.hpp"

#include "base/check.hpp"
#include "kernels/attention.hpp"

namespace lyceum::model {

using kernels::kAttentionPage;

KeyValueExtents key_value_extents(const AttentionConfig& attention, const RopeConfig& rope) {
  if (attention.latent) return {.key_stride = attention.latent->kv_rank + rope.dims};
  return {.key_stride = attention.num_kv_heads * attention.key_dim,
          .value_stride = attention.num_kv_heads * attention.value_dim};
}

/// Pages that came back, for the next who asks.
struct KeyValuePool::Free {
  std::mutex mutex{};
  std::vector<std::unique_ptr<float[]>> pages{};
  std::size_t num_used = 0;
};

KeyValuePool::KeyValuePool(const ModelConfig& config, std::size_t num_pages_max)
    : extents_(key_value_extents(config.attention, config.rope)),
      num_layers_(config.layers.size()),
      num_pages_max_(num_pages_max),
      free_(std::make_shared<Free>()) {}

std::size_t KeyValuePool::layer_floats() const {
  return kAttentionPage * (extents_.key_stride + extents_.value_stride);
}

std::size_t KeyValuePool::num_used() const {
  const std::lock_guard lock(free_->mutex);
  return free_->num_used;
}

KeyValuePage KeyValuePool::take() {
  std::unique_ptr<float[]> page;
  {
    const std::lock_guard lock(free_->mutex);
    LYCEUM_CHECK(free_->num_used < num_pages_max_);
    ++free_->num_used;
    if (!free_->pages.empty()) {
      page = std::move(free_->pages.back());
      free_->pages.pop_back();
    }
  }
  if (page == nullptr) page = std::make_unique<float[]>(page_floats());
  return {page.release(), [free = free_](float* values) {
            std::unique_ptr<float[]> returned(values);
            const std::lock_guard lock(free->mutex);
            --free->num_used;
            free->pages.push_back(std::move(returned));
          }};
}

}  // namespace lyceum::model
