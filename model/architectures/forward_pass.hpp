#pragma once

#include <span>
#include <vector>

#include "kernels/attention.hpp"
#include "kernels/operations.hpp"
#include "model/architectures/pass_workspace.hpp"
#include "model/architectures/transformer.hpp"
#include "model/architectures/weights.hpp"

namespace lyceum::model {

/// What a pass computes with; borrowed by one pass at a time.
struct PassTools {
  kernels::Operations& operations;
  PassWorkspace& workspace;
};

/// One batch on its way through the layers: a row a token, chunk after chunk.
class ForwardPass {
 public:
  /// Everything is borrowed. The batch has been checked.
  ForwardPass(const ModelConfig& config, const ModelWeights& weights,
              std::span<const double> rope_frequencies, const PassTools& tools,
              std::span<const SequenceChunk> batch);

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
  std::span<const float> normalized(Weight weight);
  void project(std::span<const float> x, const kernels::WeightMatrix& weight, std::span<float> y);
  void add_bias(std::span<float> y, Weight bias) const;
  void add_change();
  std::vector<float> logits();

  // forward_attention.cpp: both write workspace.change.
  void attend(std::size_t layer);
  std::span<const float> attend_grouped(std::size_t layer, std::span<const float> x);
  std::span<const float> attend_latent(std::size_t layer, std::span<const float> x);
  void absorb_queries(const LayerWeights& weights, std::span<float> queries, std::span<float> absorbed);
  void attend_pages(std::size_t layer, const kernels::AttentionShape& shape, std::span<const float> queries,
                    std::span<float> out);
  std::span<float> latent_queries(const LayerWeights& weights, std::span<const float> x);
  void compute_turns();
  void turn(std::span<float> head, std::size_t row);

  // forward_experts.cpp
  void feed_forward(std::size_t layer);
  void swiglu_layer(const FeedForwardWeights& weights, std::span<const float> x, std::span<float> y);
  std::vector<float> router_bias(std::size_t layer, const SequenceChunk& chunk) const;
  std::size_t count_routes(std::size_t layer);
  void mix_experts(std::size_t layer, std::span<const float> x);

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
  kernels::Operations& operations_;
  PassWorkspace& workspace_;
  std::span<const SequenceChunk> batch_;
  std::vector<Row> rows_{};
  std::span<float> hidden_{};  ///< [rows, num_hidden]
};

}  // namespace lyceum::model
