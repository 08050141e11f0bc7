#include "model/architectures/key_value_pages.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "kernels/attention.hpp"
#include "model/architectures/transformer.hpp"

namespace lyceum::model {

using kernels::kAttentionPage;

KeyValueExtents key_value_extents(const AttentionConfig& attention, const RopeConfig& rope) {
  if (attention.latent) return {.key_stride = attention.latent->kv_rank + rope.dims};
  return {.key_stride = attention.num_kv_heads * attention.key_dim,
          .value_stride = attention.num_kv_heads * attention.value_dim};
}

namespace {

class HostPageMemory final : public PageMemory {
 public:
  float* allocate(std::size_t num_floats) override { return std::make_unique<float[]>(num_floats).release(); }

  void release(float* page) override { const std::unique_ptr<float[]> owned(page); }

  void copy(const float* from, float* to, std::size_t num_floats) override {
    std::copy_n(from, num_floats, to);
  }

  std::uint64_t free_bytes_blocking() const override { return available_memory_blocking(); }
};

}  // namespace

std::shared_ptr<PageMemory> host_page_memory() {
  static const auto memory = std::make_shared<HostPageMemory>();
  return memory;
}

/// Pages that came back, for the next who asks.
struct KeyValuePool::Free {
  explicit Free(std::shared_ptr<PageMemory> where) : memory(std::move(where)) {}

  Free(const Free&) = delete;
  Free& operator=(const Free&) = delete;

  ~Free() {
    for (float* const page : pages) memory->release(page);
  }

  const std::shared_ptr<PageMemory> memory;
  std::mutex mutex{};
  std::vector<float*> pages{};
  std::size_t num_used = 0;
};

KeyValuePool::KeyValuePool(const ModelConfig& config, std::size_t num_pages_max,
                           std::shared_ptr<PageMemory> memory)
    : extents_(key_value_extents(config.attention, config.rope)),
      num_layers_(config.layers.size()),
      num_pages_max_(num_pages_max),
      free_(std::make_shared<Free>(std::move(memory))) {}

std::size_t KeyValuePool::layer_floats() const {
  return kAttentionPage * (extents_.key_stride + extents_.value_stride);
}

std::size_t KeyValuePool::num_used() const {
  const std::lock_guard lock(free_->mutex);
  return free_->num_used;
}

KeyValuePage KeyValuePool::take() {
  float* page = nullptr;
  {
    const std::lock_guard lock(free_->mutex);
    LYCEUM_CHECK(free_->num_used < num_pages_max_);
    if (!free_->pages.empty()) {
      page = free_->pages.back();
      free_->pages.pop_back();
    } else {
      page = free_->memory->allocate(page_floats());
    }
    ++free_->num_used;
  }
  return {page, [free = free_](float* values) {
            const std::lock_guard lock(free->mutex);
            --free->num_used;
            free->pages.push_back(values);
          }};
}

void KeyValuePool::copy_page(const KeyValuePage& from, const KeyValuePage& to) const {
  free_->memory->copy(from.get(), to.get(), page_floats());
}

}  // namespace lyceum::model
