#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "model/architectures/model_config.hpp"

namespace lyceum::model {

/// Extents of a token's keys and values in a layer, as they are kept.
struct KeyValueExtents {
  std::size_t key_stride = 0;
  std::size_t value_stride = 0;  ///< 0: the values are the front of the keys
};

KeyValueExtents key_value_extents(const AttentionConfig& attention, const RopeConfig& rope);

/// Where pages lie: this machine's memory or a device's. Thread-safe.
class PageMemory {
 public:
  virtual ~PageMemory() = default;
  /// Throws std::bad_alloc.
  virtual float* allocate(std::size_t num_floats) = 0;
  virtual void release(float* page) = 0;
  virtual void copy(const float* from, float* to, std::size_t num_floats) = 0;
  virtual std::uint64_t free_bytes_blocking() const = 0;
};

/// This machine's; shared by all pools.
std::shared_ptr<PageMemory> host_page_memory();

/// The keys and values of kernels::kAttentionPage tokens in all layers: layer after layer, keys before
/// values. Goes back to its pool with the last reference.
using KeyValuePage = std::shared_ptr<float>;

/// Where pages come from: at most `num_pages_max` are out at once. Pages keep it alive. Thread-safe.
class KeyValuePool {
 public:
  /// `memory` is shared with whatever computes on the pages.
  explicit KeyValuePool(const ModelConfig& config,
                        std::size_t num_pages_max = std::numeric_limits<std::size_t>::max(),
                        std::shared_ptr<PageMemory> memory = host_page_memory());

  /// The caller has made sure that one is available.
  KeyValuePage take();

  void copy_page(const KeyValuePage& from, const KeyValuePage& to) const;

  std::size_t num_pages_max() const { return num_pages_max_; }

  std::size_t num_used() const;

  std::size_t num_available() const { return num_pages_max_ - num_used(); }

  std::size_t page_floats() const { return num_layers_ * layer_floats(); }

  /// From a layer's keys to the next layer's.
  std::size_t layer_floats() const;

  KeyValueExtents extents() const { return extents_; }

  std::size_t num_layers() const { return num_layers_; }

 private:
  struct Free;

  KeyValueExtents extents_;
  std::size_t num_layers_;
  std::size_t num_pages_max_;
  std::shared_ptr<Free> free_;
};

}  // namespace lyceum::model
