#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/training/expert_layer.hpp"
#include "kernels/training/gemm.hpp"
#include "kernels/training/packed_attention.hpp"
#include "kernels/worker_pool.hpp"
#include "model/training/decoder_shape.hpp"

namespace lyceum::model {

/// A document, or the part of one that fits the context, in a batch. Positions count from its start.
struct BatchDocument {
  std::size_t first = 0;
  std::size_t length = 0;
};

/// A token that is to be predicted from the state of the token before it.
struct Prediction {
  std::size_t row = 0;  ///< Whose state predicts
  std::uint16_t target = 0;
  std::uint8_t kind = 0;
  float weight = 0.0F;
};

/// Documents side by side; none sees another.
struct TokenBatch {
  std::vector<std::uint16_t> tokens{};
  std::vector<BatchDocument> documents{};
  std::vector<Prediction> predictions{};  ///< By rising row
};

struct PassOptions {
  std::vector<std::size_t> experts_per_layer{};
  bool is_causal = true;
};

/// Weights of the losses beside the cross-entropy.
struct RouterLossWeights {
  float balance = 0.01F;
  float z = 0.001F;
};

/// Routing of one batch.
struct RoutingReport {
  std::vector<std::vector<float>> choice_shares{};  ///< By layer and expert; a layer's sum is 1
  double balance = 0.0;                             ///< Mean over layers; 1 is perfect
  double z = 0.0;                                   ///< Mean of log sum exp^2 over layers
};

/// What predictions cost, by kind.
struct PredictionReport {
  struct Kind {
    double loss = 0.0;  ///< Weighted sum, nats
    double weight = 0.0;
    std::uint64_t num_predictions = 0;
    std::uint64_t num_highest = 0;  ///< Predicted at the first guess
  };

  double loss = 0.0;          ///< Weighted mean, nats
  std::vector<Kind> kinds{};  ///< By kind's index
};

/// The forward and the backward pass over one batch, with bf16 products, f32 sums and f32 residuals.
/// Activations of the last forward pass are kept for the way back. The same bits for any number of workers.
/// One thread at a time.
class Decoder {
 public:
  /// `workers` is borrowed. Buffers are for batches of at most max_tokens tokens and max_experts experts a
  /// token.
  Decoder(const DecoderShape& shape, kernels::training::GemmPath path, kernels::WorkerPool& workers,
          std::size_t max_tokens, std::size_t max_experts);

  const ParameterLayout& layout() const { return layout_; }

  const kernels::training::Gemm& gemm() const { return gemm_; }

  /// Rounds and packs the weights that the passes use. `parameters` must outlive them.
  void take_parameters(std::span<const float> parameters);

  /// Runs the layers; states() is then valid. The batch fits (checked).
  RoutingReport forward(const TokenBatch& batch, const PassOptions& options);

  /// Normalised states of the last layer, [padded tokens, num_hidden].
  const std::vector<kernels::training::Bf16>& states() const { return states_; }

  /// Cross-entropy of the batch's predictions through the tied head. With `gradients`, adds the head's and
  /// leaves the gradient by the states for backward().
  PredictionReport predict(const TokenBatch& batch, std::span<float> gradients);

  /// The gradient by the states, zeroed by forward(); for losses other than the head's.
  std::span<float> state_gradients() { return state_gradients_; }

  /// Adds to `gradients` what the state gradients and the routers' losses say about the weights.
  void backward(const TokenBatch& batch, const PassOptions& options, const RouterLossWeights& router_loss,
                std::span<float> gradients);

  /// Logits of every token of the batch; forward() must have run. For checks.
  std::vector<float> logits();

 private:
  using Bf16 = kernels::training::Bf16;

  /// Rows that one item of work takes: their products stay in the second cache.
  static constexpr std::size_t kRowBlock = 128;
  /// Predictions that the head takes at a time.
  static constexpr std::size_t kHeadRows = 256;
  /// Keeps rows of a power of two apart from falling on the same lines of the first cache.
  static constexpr std::size_t kStridePadding = 32;

  /// A weight matrix W [rows, columns] for X W^T and for Y W.
  struct PackedWeight {
    std::size_t offset = 0;
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::vector<Bf16> forward{};
    std::vector<Bf16> backward{};
  };

  struct Layer {
    LayerOffsets offsets{};
    PackedWeight query_key_value{};
    PackedWeight attention_output{};
    std::vector<PackedWeight> gate_up{};
    std::vector<PackedWeight> down{};

    // Kept for the way back.
    std::vector<float> attention_input{};  ///< The residual stream before the norm
    std::vector<float> attention_inverse_rms{};
    std::vector<Bf16> attention_normed{};
    std::vector<Bf16> query_key_value_rows{};
    std::vector<float> attention_log_sums{};  ///< [num_heads, tokens]
    std::vector<Bf16> mixed{};
    std::vector<float> experts_input{};
    std::vector<float> experts_inverse_rms{};
    std::vector<Bf16> experts_normed{};
    std::vector<float> probabilities{};
    std::vector<float> router_log_sums{};
    std::vector<std::int32_t> choices{};
    std::vector<float> choice_weights{};
    std::vector<std::size_t> slot_of_choice{};
    std::vector<std::int32_t> token_of_slot{};  ///< -1: padding
    std::vector<std::size_t> first_slot{};      ///< Of each expert, and the end
    std::vector<float> choice_shares{};
    std::vector<Bf16> slot_inputs{};
    std::vector<Bf16> slot_gate_up{};
    std::vector<Bf16> slot_outputs{};
  };

  /// Buffers of one worker.
  struct Scratch {
    std::vector<float> products{};
    std::vector<float> more_products{};
    std::vector<Bf16> inner{};
    std::vector<Bf16> queries{};
    std::vector<Bf16> keys{};
    std::vector<Bf16> values{};
    std::vector<Bf16> head_gradients{};
    std::vector<float> query_gradients{};
    std::vector<float> key_gradients{};
    std::vector<float> value_gradients{};
    std::vector<Bf16> packed_rows{};
    std::vector<Bf16> packed_columns{};
    kernels::training::AttentionScratch attention{};
  };

  /// Rows of a matrix of activations or gradients.
  struct Rows {
    const Bf16* values = nullptr;
    std::size_t stride = 0;
    std::size_t columns = 0;
  };

  /// Slots of one expert that are computed together.
  struct SlotBlock {
    std::size_t expert = 0;
    std::size_t first = 0;
    std::size_t count = 0;
  };

  PackedWeight packed_weight(std::size_t offset, std::size_t rows, std::size_t columns) const;
  void allocate_layer(Layer& layer);
  void allocate_scratch();
  void embed(const TokenBatch& batch);
  void gather_embedding_gradient(const TokenBatch& batch, std::span<float> gradients) const;
  void for_row_blocks(
      const std::function<void(std::size_t first, std::size_t count, std::size_t worker)>& work);

  std::size_t num_row_blocks() const { return (num_rows_ + kRowBlock - 1) / kRowBlock; }

  static std::size_t row_block(std::size_t row) { return row / kRowBlock; }

  void add_partials(std::size_t num_partials, std::size_t size, float* target) const;
  void add_weight_gradient(const Rows& dy, const Rows& x, float* gradient);

  const float* weights(std::size_t offset) const { return parameters_.data() + offset; }

  // decoder_attention.cpp
  void attention_forward(Layer& layer, const TokenBatch& batch, bool is_causal);
  void attend_document(Layer& layer, const BatchDocument& document, std::size_t group, bool is_causal,
                       Scratch& scratch);
  void take_document_keys(const Layer& layer, const BatchDocument& document, std::size_t group,
                          Scratch& scratch, kernels::training::DocumentAttention& attention) const;
  void take_document_queries(const Layer& layer, const BatchDocument& document, std::size_t head,
                             Scratch& scratch) const;
  void attention_backward(Layer& layer, const TokenBatch& batch, bool is_causal, std::span<float> gradients);
  void attend_document_backward(Layer& layer, const BatchDocument& document, std::size_t group,
                                bool is_causal, Scratch& scratch, float* norm_gradients);
  kernels::training::AttentionExtents extents_of(const BatchDocument& document, bool is_causal) const;

  // decoder_experts.cpp
  void experts_forward(Layer& layer, std::size_t k);
  void assign_slots(Layer& layer, std::size_t k);
  std::vector<SlotBlock> slot_blocks(const Layer& layer) const;
  void compute_slots(Layer& layer, const SlotBlock& block, Scratch& scratch);
  void mix_slots(const Layer& layer, std::size_t k);
  void experts_backward(Layer& layer, std::size_t k, const RouterLossWeights& router_loss,
                        std::span<float> gradients);
  void spread_slot_gradients(Layer& layer, std::size_t k, const RouterLossWeights& router_loss);
  void compute_slot_gradients(Layer& layer, const SlotBlock& block, Scratch& scratch);
  void add_expert_gradient(const Layer& layer, std::size_t expert, std::size_t part, Scratch& scratch,
                           std::span<float> gradients);
  void gather_slot_gradients(Layer& layer, std::size_t k, std::span<float> gradients);
  kernels::training::RouterExtents router_extents(std::size_t k) const;
  static kernels::training::RouterState router_state(Layer& layer);

  // decoder_head.cpp
  void compute_logits(std::size_t num_rows);
  void add_head_gradients(const std::vector<Prediction>& predictions, std::size_t first, std::size_t count,
                          std::span<float> gradients);

  DecoderShape shape_;
  ParameterLayout layout_;
  kernels::training::Gemm gemm_;
  kernels::WorkerPool& workers_;
  std::size_t max_rows_;
  std::size_t max_experts_;
  std::size_t max_slots_;
  std::span<const float> parameters_{};
  PackedWeight embedding_{};
  std::vector<Layer> layers_{};
  std::vector<Scratch> scratch_{};
  std::vector<float> cosines_{};
  std::vector<float> sines_{};

  std::size_t num_tokens_ = 0;
  std::size_t num_rows_ = 0;  ///< Tokens, padded
  std::vector<float> residual_{};
  std::vector<float> residual_gradient_{};
  std::vector<float> output_inverse_rms_{};
  std::vector<Bf16> states_{};
  std::vector<float> state_gradients_{};

  // Of the way back, shared by the layers.
  std::vector<float> partials_{};  ///< Gradients of norms, by block of rows
  std::vector<Bf16> gradient_rows_{};
  std::vector<Bf16> mixed_gradients_{};
  std::vector<Bf16> query_key_value_gradients_{};
  std::vector<Bf16> packed_gradients_{};
  std::vector<Bf16> packed_inputs_{};
  std::vector<float> choice_weight_gradients_{};
  std::vector<float> router_logit_gradients_{};
  std::vector<Bf16> slot_output_gradients_{};
  std::vector<Bf16> slot_gate_up_gradients_{};
  std::vector<Bf16> slot_inner_{};
  std::vector<float> slot_input_gradients_{};

  // Of the head, for a block of predictions.
  std::vector<Bf16> head_rows_{};
  std::vector<Bf16> packed_head_rows_{};
  std::vector<float> head_logits_{};
  std::vector<Bf16> head_gradients_{};
  std::vector<Bf16> packed_head_gradients_{};
  std::vector<float> head_row_gradients_{};
};

}  // namespace lyceum::model
