#pragma once

#include <span>
#include <vector>

#include "kernels/attention.hpp"
#include "model/architectures/transformer.hpp"
#include "model/architectures/weights.hpp"

namespace lyceum::model {

/// One batch on its way through the layers: a row a token, chunk after chunk.
class ForwardPass {
 public:
  /// Everything is borrowed. The batch has been checked.
  ForwardPass(const ModelConfig& config, const ModelWeights& weights,
              std::span<const double> rope_frequencies, std::span<const SequenceChunk> batch);

  std::vector<float> run();

 private:
  /// A token's place.
  struct Row {
    const SequenceChunk* chunk;
    std::int32_t token;
    std::size_t position;
    bool wants_logits;
  };

  void embed();
  std::vector<float> normalized(Weight weight) const;
  std::vector<float> project(std::span<const float> x, Weight weight, Weight bias = {}) const;
  void add(std::span<const float> change);
  std::vector<float> logits() const;

  // forward_attention.cpp
  std::vector<float> attend(std::size_t layer) const;
  std::vector<float> attend_grouped(std::size_t layer, std::span<const float> x) const;
  std::vector<float> attend_latent(std::size_t layer, std::span<const float> x) const;
  std::vector<float> latent_queries(const LayerWeights& weights, std::span<const float> x) const;
  void turn(std::span<float> head, std::size_t position) const;

  // forward_experts.cpp
  std::vector<float> feed_forward(std::size_t layer) const;
  std::vector<float> swiglu_layer(const FeedForwardWeights& weights, std::span<const float> x) const;
  std::vector<float> router_bias(std::size_t layer, const SequenceChunk& chunk) const;
  std::vector<float> mix_experts(std::size_t layer, std::span<const float> x) const;

  // forward_taps.cpp: each looks whether anybody asked.
  void prepare_taps() const;
  void tap_hidden(std::size_t layer) const;
  void tap_routes(std::size_t layer, std::size_t row, std::span<const float> logits,
                  std::span<const std::int32_t> experts, std::span<const float> weights) const;
  void tap_attention(std::size_t row, const kernels::AttentionShape& shape, std::span<const float> query,
                     std::span<const float* const> key_pages) const;

  const ModelConfig& config_;
  const ModelWeights& weights_;
  std::span<const double> rope_frequencies_;
  std::span<const SequenceChunk> batch_;
  std::vector<Row> rows_{};
  std::vector<float> hidden_{};  ///< [rows, num_hidden]
};

}  // namespace lyceum::model
