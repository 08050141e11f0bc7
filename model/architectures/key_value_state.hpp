#pragma once

#include <cstddef>
#include <vector>

#include "model/architectures/model_config.hpp"

namespace lyceum::model {

/// Extents of a token's keys and values in a layer, as they are kept.
struct KeyValueExtents {
  std::size_t key_stride = 0;
  std::size_t value_stride = 0;  ///< 0: the values are the front of the keys
};

KeyValueExtents key_value_extents(const AttentionConfig& attention, const RopeConfig& rope);

/// The keys and values of one sequence, all layers, in pages of kernels::kAttentionPage tokens. A copy is a
/// fork. Belongs to the model that made it. One thread at a time.
class KeyValueState {
 public:
  explicit KeyValueState(const ModelConfig& config);

  /// Tokens that a forward pass has taken in.
  std::size_t length() const { return length_; }

  /// Makes room for `count` more tokens in every layer; their rows are written before they are read.
  void reserve(std::size_t count);

  /// Counts `count` reserved tokens in.
  void advance(std::size_t count) { length_ += count; }

  float* key_row(std::size_t layer, std::size_t position);
  float* value_row(std::size_t layer, std::size_t position);
  std::vector<const float*> key_pages(std::size_t layer) const;
  std::vector<const float*> value_pages(std::size_t layer) const;

 private:
  struct Page {
    std::vector<float> keys{};
    std::vector<float> values{};
  };

  KeyValueExtents extents_;
  std::vector<std::vector<Page>> layers_;
  std::size_t length_ = 0;
};

}  // namespace lyceum::model
