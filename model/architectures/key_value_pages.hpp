#pragma once

#include <cstddef>
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

/// The keys and values of kernels::kAttentionPage tokens in all layers: layer after layer, keys before
/// values. Goes back to its pool with the last reference.
using KeyValuePage = std::shared_ptr<float>;

/// Where pages come from: at most `num_pages_max` are out at once. Pages keep it alive. Thread-safe.
class KeyValuePool {
 public:
  explicit KeyValuePool(const ModelConfig& config,
                        std::size_t num_pages_max = std::numeric_limits<std::size_t>::max());

  /// The caller has made sure that one is available.
  KeyValuePage take();

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
