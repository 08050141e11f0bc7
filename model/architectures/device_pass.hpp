#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "kernels/device.hpp"
#include "model/architectures/device_expert_store.hpp"
#include "model/architectures/device_plan.hpp"
#include "model/architectures/device_weights.hpp"
#include "model/architectures/device_workspace.hpp"

namespace lyceum::model {

/// One batch on its way through the layers of a device: the steps of ForwardPass as operations that are asked
/// for and not waited for. All is borrowed.
class DevicePass {
 public:
  /// `store` is null when the experts lie on the device.
  DevicePass(const ModelConfig& config, const DeviceWeights& weights, const kernels::Device& device,
             ExpertStore* store, const DevicePlan& plan, const DeviceWorkspace& workspace);

  /// Before the pass: empties what it fills.
  void prepare_taps() const;
  /// Up to the logits in the workspace. Waits for the device only where somebody asked to see what is gone
  /// afterwards, or where experts come from a store.
  Result<void> run();
  /// After the pass: rows of chunks that want them whole, there after the next wait.
  std::vector<float> bring_logits(std::span<const SequenceChunk> batch);
  /// After that wait: which experts the tokens used, and the rest of the chunks' logits.
  Result<void> show_routes() const;
  void hand_out_highest(std::span<const SequenceChunk> batch) const;

 private:
  kernels::DevicePlaces places(std::size_t layer) const;
  /// Of `hidden` with the change of the part before.
  void normalize(const float* weight, bool is_narrow_wanted);

  struct Product {
    const DeviceMatrix& weight;
    float* y;
    const float* bias = nullptr;
  };

  /// Of the same rows.
  void project(const kernels::DeviceRows& x, std::initializer_list<Product> products) const;
  void narrow(const float* x, std::int32_t x_stride, std::int32_t width, std::uint16_t* y) const;

  // device_attention.cpp: both write workspace.mixed.
  Result<void> attend(std::size_t layer);
  Result<void> attend_grouped(std::size_t layer);
  void normalize_heads(float* heads, std::int32_t num_heads, const float* weight, std::int32_t width) const;
  void turn(float* heads, std::int32_t num_heads, std::int32_t row_stride, std::int32_t head_stride) const;
  void store(std::size_t layer, const float* x, std::int64_t offset, std::int32_t stride) const;
  Result<void> attend_pages(std::size_t layer, kernels::DeviceAttention asked) const;
  Result<void> attend_latent(std::size_t layer);
  void latent_queries(const DeviceLayer& weights);
  void absorb_queries(const DeviceLayer& weights);
  void project_head(const float* x, std::int32_t head, std::int32_t head_width, const DeviceMatrix& weight,
                    float* y, std::int32_t y_head_width) const;

  // device_experts.cpp: both write workspace.change.
  Result<void> feed_forward(std::size_t layer);
  void swiglu_layer(const DeviceFeedForward& weights, float* y);

  struct RoutedTo {
    std::int32_t* experts;
    float* shares;
  };

  void route(std::size_t layer, float* x, const RoutedTo& to) const;
  RoutedTo routes_of(std::size_t layer) const;
  /// Of a pass through the router of the next layer with experts, with what is known of its input by now.
  ExpertStore::Guess guess_routes(std::size_t layer, std::vector<std::int32_t>& experts) const;
  Result<void> run_stored_experts(std::size_t layer, const kernels::DeviceExperts& asked) const;
  Result<void> mix_experts(std::size_t layer);

  // device_taps.cpp: each looks whether anybody asked.
  Result<void> tap_hidden(std::size_t layer) const;
  bool probabilities_are_wanted() const;
  void append_routes_of(std::size_t layer, std::span<const std::int32_t> experts,
                        std::span<const float> shares, std::span<const float> logits) const;
  Result<void> tap_routes(std::size_t layer) const;
  Result<void> tap_attention(const kernels::DeviceAttention& asked) const;

  /// There after the next wait.
  template <class T>
  std::vector<T> brought_back(const T* from, std::size_t count) const {
    std::vector<T> values(count);
    table_.download(context_, values.data(), from, count * sizeof(T));
    return values;
  }

  void compute_logits();

  const ModelConfig& config_;
  const DeviceWeights& weights_;
  const kernels::Device& device_;
  ExpertStore* store_;
  const kernels::DeviceTable& table_;
  kernels::DeviceContext* context_;
  const DevicePlan& plan_;
  const DeviceWorkspace& workspace_;
  const float* pending_change_ = nullptr;  ///< What `hidden` still lacks
  std::vector<std::int32_t> highest_tokens_{};
  std::vector<float> highest_logits_{};
};

}  // namespace lyceum::model
