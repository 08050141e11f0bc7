#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace lyceum::model {

/// Extents of a decoder of the qwen3moe family: grouped-query attention with normalised queries and keys,
/// rotary positions, experts behind a softmax router with renormalised weights, embedding and head tied.
struct DecoderShape {
  std::size_t vocabulary_size = 8192;
  std::size_t context_length = 1024;
  std::size_t num_hidden = 256;
  std::size_t num_layers = 6;
  std::size_t num_heads = 4;
  std::size_t num_kv_heads = 2;
  std::size_t head_dim = 64;
  std::size_t num_experts = 16;
  std::size_t num_inner = 256;
  double rope_base = 10000.0;
  float norm_epsilon = 1e-6F;

  std::size_t query_size() const { return num_heads * head_dim; }

  std::size_t query_key_value_size() const { return (num_heads + 2 * num_kv_heads) * head_dim; }

  /// Weights that one token meets when each layer uses k experts, the head counted once.
  std::size_t num_active(std::size_t k) const;

  bool operator==(const DecoderShape&) const = default;
};

/// invalid_argument, naming the extent: vectors and products come in multiples of 32.
Result<void> check(const DecoderShape& shape);

/// A weight in the flat array of parameters: rows of columns values.
struct ParameterTensor {
  std::string name{};
  std::size_t offset = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
  bool decays = false;

  std::size_t size() const { return rows * columns; }
};

/// Where the weights of a layer begin.
struct LayerOffsets {
  std::size_t attention_norm = 0;
  std::size_t query_norm = 0;
  std::size_t key_norm = 0;
  std::size_t query_key_value = 0;   ///< [queries, keys, values; num_hidden]
  std::size_t attention_output = 0;  ///< [num_hidden, query_size]
  std::size_t feed_forward_norm = 0;
  std::size_t router = 0;   ///< [num_experts, num_hidden]
  std::size_t gate_up = 0;  ///< Of each expert: gate [num_inner, num_hidden], then up
  std::size_t down = 0;     ///< Of each expert: [num_hidden, num_inner]
};

class ParameterLayout {
 public:
  explicit ParameterLayout(const DecoderShape& shape);

  std::size_t size() const { return size_; }

  const std::vector<ParameterTensor>& tensors() const { return tensors_; }

  std::size_t embedding() const { return embedding_; }

  std::size_t output_norm() const { return output_norm_; }

  const LayerOffsets& layer(std::size_t index) const { return layers_[index]; }

 private:
  std::size_t add(std::string name, std::size_t rows, std::size_t columns, bool decays);

  std::size_t size_ = 0;
  std::size_t embedding_ = 0;
  std::size_t output_norm_ = 0;
  std::vector<LayerOffsets> layers_{};
  std::vector<ParameterTensor> tensors_{};
};

/// Normal values of a standard deviation of 0.02 for the embedding, 1 / sqrt(3 * inputs) for other matrices,
/// those that write to the residual stream divided by sqrt(2 * layers); ones for norms. By seed alone.
std::vector<float> initial_parameters(const DecoderShape& shape, std::uint64_t seed);

}  // namespace lyceum::model
