#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/operations.hpp"

namespace lyceum::model {

/// A buffer that grows only, so that it settles at the largest batch.
template <class T>
class Buffer {
 public:
  /// The contents are whatever they were.
  std::span<T> of(std::size_t size) {
    if (values_.size() < size) values_.resize(size);
    return std::span(values_).first(size);
  }

 private:
  std::vector<T> values_{};
};

/// What a forward pass writes between two layers, kept from pass to pass. Each holds a row a token.
struct PassWorkspace {
  Buffer<float> hidden{};
  Buffer<float> normalized{};
  Buffer<float> change{};  ///< What a part of a layer adds to `hidden`
  Buffer<float> cosines{};
  Buffer<float> sines{};

  Buffer<float> queries{};
  Buffer<float> keys{};
  Buffer<float> values{};
  Buffer<float> mixed{};  ///< What attention returns
  Buffer<float> query_latent{};
  Buffer<float> latent{};    ///< Latent attention: what attention returns, [rows, heads, kv_rank]
  Buffer<float> absorbed{};  ///< Its queries, [rows, heads, kv_rank + rope dims]
  Buffer<float> head_in{};   ///< One head of all rows
  Buffer<float> head_out{};
  std::vector<std::vector<const float*>> key_pages{};    ///< A chunk each
  std::vector<std::vector<const float*>> value_pages{};  ///< Likewise
  Buffer<kernels::AttentionQuery> attention_queries{};

  Buffer<float> gate{};
  Buffer<float> up{};
  Buffer<float> shared{};
  Buffer<float> router_logits{};
  Buffer<std::size_t> first_route{};
  Buffer<std::int32_t> experts{};
  Buffer<float> shares{};
};

}  // namespace lyceum::model
