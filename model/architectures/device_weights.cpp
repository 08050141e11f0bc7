#include "model/architectures/device_weights.hpp"

#include <array>
#include <deque>

#include "kernels/matmul.hpp"

namespace lyceum::model {
namespace {

using kernels::WeightType;

/// What an allocation takes: large ones whole pages of the device.
std::uint64_t allocated_bytes(std::uint64_t size_bytes) {
  constexpr std::uint64_t kPage = std::uint64_t{2} << 20U;
  constexpr std::uint64_t kPart = 512;
  const std::uint64_t unit = size_bytes < kPage / 2 ? kPart : kPage;
  return (size_bytes + unit - 1) / unit * unit;
}

/// Puts weights on the device, each once, and remembers the first failure. Without a device it only counts.
class Uploader {
 public:
  Uploader(std::shared_ptr<kernels::Device> device, std::vector<kernels::DeviceMemory>& memory)
      : device_(std::move(device)), memory_(memory) {}

  const void* bytes(const void* data, std::size_t size_bytes) {
    if (size_bytes == 0 || failure_) return nullptr;
    const auto known = placed_.find(data);
    if (known != placed_.end()) return known->second;
    size_bytes_ += allocated_bytes(size_bytes);
    if (device_ == nullptr) return placed_[data] = data;
    auto allocated = kernels::DeviceMemory::allocate(device_, size_bytes);
    if (!allocated) {
      failure_ = allocated.error();
      return nullptr;
    }
    device_->table().upload(device_->context(), allocated->data(), data, size_bytes);
    placed_[data] = allocated->data();
    memory_.push_back(*std::move(allocated));
    return memory_.back().data();
  }

  const float* values(Weight weight) {
    return static_cast<const float*>(bytes(weight.data(), weight.size_bytes()));
  }

  static DeviceMatrix extents(const Matrix& matrix) {
    return {nullptr, static_cast<std::int32_t>(matrix.type), static_cast<std::int32_t>(matrix.num_inputs),
            static_cast<std::int32_t>(matrix.num_outputs)};
  }

  DeviceMatrix matrix(const Matrix& matrix) {
    DeviceMatrix placed = extents(matrix);
    placed.data = bytes(matrix.data, matrix.num_outputs * matrix.row_bytes());
    return placed;
  }

  /// As f32: what is rounded before a choice may choose otherwise.
  DeviceMatrix wide_matrix(const Matrix& matrix) {
    if (matrix.empty() || matrix.type == WeightType::f32) return this->matrix(matrix);
    auto& wide = kept_.emplace_back(matrix.num_outputs * matrix.num_inputs);
    for (std::size_t row = 0; row < matrix.num_outputs; ++row)
      kernels::reference::widen_row(matrix, row,
                                    std::span(wide).subspan(row * matrix.num_inputs, matrix.num_inputs));
    DeviceMatrix placed = this->matrix(matrix_of(wide, matrix));
    return placed;
  }

  DeviceFeedForward feed_forward(const FeedForwardWeights& weights) {
    return {matrix(weights.gate), matrix(weights.up), matrix(weights.down)};
  }

  /// Where each expert's three matrices begin.
  const void* const* expert_table(const kernels::ExpertWeights& experts, const DeviceFeedForward& placed,
                                  std::size_t num_experts) {
    auto& table = tables_.emplace_back();
    const std::array parts{std::pair{&experts.gate, placed.gate.data}, std::pair{&experts.up, placed.up.data},
                           std::pair{&experts.down, placed.down.data}};
    for (std::size_t expert = 0; expert < num_experts; ++expert) {
      for (const auto& [matrix, data] : parts) {
        const std::size_t expert_bytes = matrix->num_outputs / num_experts * matrix->row_bytes();
        table.push_back(data == nullptr ? nullptr
                                        : static_cast<const std::byte*>(data) + expert * expert_bytes);
      }
    }
    return static_cast<const void* const*>(bytes(table.data(), table.size() * sizeof(table.front())));
  }

  const std::optional<Error>& failure() const { return failure_; }

  std::uint64_t size_bytes() const { return size_bytes_; }

 private:
  static Matrix matrix_of(const std::vector<float>& values, const Matrix& like) {
    return {WeightType::f32, like.num_inputs, like.num_outputs, std::as_bytes(std::span(values)).data()};
  }

  const std::shared_ptr<kernels::Device> device_;  ///< Shared with what lies on it
  std::vector<kernels::DeviceMemory>& memory_;
  std::uint64_t size_bytes_ = 0;
  std::map<const void*, const void*> placed_{};  ///< An output may be the embedding
  std::deque<std::vector<float>> kept_{};        ///< Until all is there: addresses are keys
  std::deque<std::vector<const void*>> tables_{};
  std::optional<Error> failure_{};
};

DeviceLayer upload_layer(Uploader& uploader, const LayerWeights& from, const LayerConfig& config,
                         ExpertPlace experts) {
  DeviceLayer layer;
  layer.attention_norm = uploader.values(from.attention_norm);
  layer.query = uploader.matrix(from.query);
  layer.key = uploader.matrix(from.key);
  layer.value = uploader.matrix(from.value);
  layer.query_bias = uploader.values(from.query_bias);
  layer.key_bias = uploader.values(from.key_bias);
  layer.value_bias = uploader.values(from.value_bias);
  layer.query_norm = uploader.values(from.query_norm);
  layer.key_norm = uploader.values(from.key_norm);
  layer.query_norm_width = static_cast<std::int32_t>(from.query_norm.size());
  layer.key_norm_width = static_cast<std::int32_t>(from.key_norm.size());
  layer.attention_output = uploader.matrix(from.attention_output);
  layer.query_latent = uploader.matrix(from.query_latent);
  layer.query_latent_norm = uploader.values(from.query_latent_norm);
  layer.kv_latent = uploader.matrix(from.kv_latent);
  layer.kv_latent_norm = uploader.values(from.kv_latent_norm);
  layer.head_key = uploader.matrix(from.head_key);
  layer.head_value = uploader.matrix(from.head_value);
  layer.feed_forward_norm = uploader.values(from.feed_forward_norm);
  if (!config.experts) {
    layer.dense = uploader.feed_forward(from.dense);
    return layer;
  }
  layer.router = uploader.wide_matrix(from.router);
  layer.router_bias = uploader.values(from.router_bias);
  if (experts == ExpertPlace::device) {
    layer.experts = {uploader.matrix(from.experts.gate), uploader.matrix(from.experts.up),
                     uploader.matrix(from.experts.down)};
    layer.expert_table = uploader.expert_table(from.experts, layer.experts, config.experts->num_experts);
  } else {
    layer.experts = {Uploader::extents(from.experts.gate), Uploader::extents(from.experts.up),
                     Uploader::extents(from.experts.down)};
  }
  layer.shared = uploader.feed_forward(from.shared);
  layer.shared_gate = uploader.values(from.shared_gate);
  return layer;
}

void upload_all(Uploader& uploader, const ModelConfig& config, const ModelWeights& weights,
                ExpertPlace experts, DeviceWeights& placed) {
  placed.embedding = uploader.matrix(weights.embedding);
  placed.output_norm = uploader.values(weights.output_norm);
  placed.output = uploader.matrix(weights.output);
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer)
    placed.layers.push_back(upload_layer(uploader, weights.layers[layer], config.layers[layer], experts));
}

}  // namespace

kernels::Narrow narrow_kind(const ModelWeights& weights) {
  bool has_f16 = false;
  bool has_other = false;
  const auto look = [&](const Matrix& matrix) {
    if (matrix.empty() || matrix.type == WeightType::f32) return;
    (matrix.type == WeightType::f16 ? has_f16 : has_other) = true;
  };
  look(weights.output);
  for (const LayerWeights& layer : weights.layers) {
    for (const Matrix* matrix :
         {&layer.query, &layer.key, &layer.value, &layer.attention_output, &layer.query_latent,
          &layer.kv_latent, &layer.head_key, &layer.head_value, &layer.dense.gate, &layer.dense.up,
          &layer.dense.down, &layer.experts.gate, &layer.experts.up, &layer.experts.down, &layer.shared.gate,
          &layer.shared.up, &layer.shared.down})
      look(*matrix);
  }
  return has_f16 && !has_other ? kernels::Narrow::f16 : kernels::Narrow::bf16;
}

Result<DeviceWeights> upload_weights_blocking(const std::shared_ptr<kernels::Device>& device,
                                              const ModelConfig& config, const ModelWeights& weights,
                                              ExpertPlace experts) {
  DeviceWeights placed;
  Uploader uploader(device, placed.memory);
  upload_all(uploader, config, weights, experts, placed);
  if (uploader.failure()) return *uploader.failure();
  TRY_OK(device->synchronize());
  return placed;
}

std::uint64_t device_weight_bytes(const ModelConfig& config, const ModelWeights& weights,
                                  ExpertPlace experts) {
  DeviceWeights placed;
  Uploader uploader(nullptr, placed.memory);
  upload_all(uploader, config, weights, experts, placed);
  return uploader.size_bytes();
}

}  // namespace lyceum::model
