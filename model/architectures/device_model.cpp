#include "model/architectures/device_model.hpp"

#include <algorithm>
#include <new>

#include "model/architectures/device_pass.hpp"

namespace lyceum::model {
namespace {

/// Values of a head that the kernels of attention keep in registers.
constexpr std::size_t kValueDimMax = 1024;
/// Rows up to which attention has a block a page, so that few tokens fill the device as well.
constexpr std::size_t kSplitRowsMax = 32;

class DevicePageMemory final : public PageMemory {
 public:
  explicit DevicePageMemory(std::shared_ptr<kernels::Device> device) : device_(std::move(device)) {}

  float* allocate(std::size_t num_floats) override {
    void* const page = device_->table().allocate(device_->context(), num_floats * sizeof(float));
    if (page == nullptr) throw std::bad_alloc();
    return static_cast<float*>(page);
  }

  void release(float* page) override { device_->table().release(device_->context(), page); }

  void copy(const float* from, float* to, std::size_t num_floats) override {
    device_->table().copy(device_->context(), to, from, num_floats * sizeof(float));
  }

 private:
  std::shared_ptr<kernels::Device> device_;  ///< Shared with the model and all its memory
};

Result<void> check_limits(const ModelConfig& config) {
  const AttentionConfig& attention = config.attention;
  const std::size_t value_dim = attention.latent ? attention.latent->kv_rank : attention.value_dim;
  if (value_dim > kValueDimMax)
    return Error{Errc::unsupported, "the device's attention takes values of up to " +
                                        std::to_string(kValueDimMax) + ", the model has " +
                                        std::to_string(value_dim)};
  for (const LayerConfig& layer : config.layers) {
    if (layer.experts && layer.experts->num_experts > kernels::kDeviceExpertsMax)
      return Error{Errc::unsupported,
                   "the device routes to up to " + std::to_string(kernels::kDeviceExpertsMax) +
                       " experts, the model has " + std::to_string(layer.experts->num_experts)};
  }
  return ok();
}

}  // namespace

struct DeviceModel::Parts {
  explicit Parts(std::shared_ptr<kernels::Device> opened)
      : device(std::move(opened)),
        pages(std::make_shared<DevicePageMemory>(device)),
        plan_memory(device),
        workspace_memory(device) {}

  std::shared_ptr<kernels::Device> device;
  std::shared_ptr<PageMemory> pages;
  DeviceWeights weights{};
  GrowingMemory plan_memory;
  GrowingMemory workspace_memory;
};

DeviceModel::DeviceModel(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

DeviceModel::~DeviceModel() = default;

Result<std::unique_ptr<DeviceModel>> DeviceModel::load_blocking(const kernels::DeviceTable& table,
                                                                std::int32_t device_index,
                                                                const ModelConfig& config,
                                                                const ModelWeights& weights) {
  TRY_OK(check_limits(config));
  TRY(auto device, kernels::Device::open_blocking(table, device_index, narrow_kind(weights)));
  auto parts = std::make_unique<Parts>(std::move(device));
  TRY(parts->weights, upload_weights_blocking(parts->device, config, weights));
  return std::unique_ptr<DeviceModel>(new DeviceModel(std::move(parts)));
}

std::shared_ptr<PageMemory> DeviceModel::page_memory() const {
  return parts_->pages;
}

std::string DeviceModel::name() const {
  return parts_->device->describe().name;
}

Result<std::vector<float>> DeviceModel::forward_blocking(const ModelConfig& config,
                                                         std::span<const double> rope_frequencies,
                                                         std::span<const SequenceChunk> batch) {
  Parts& parts = *parts_;
  TRY(const DevicePlan plan,
      make_device_plan(config, rope_frequencies, batch, *parts.device, parts.plan_memory));
  const auto num_rows = static_cast<std::size_t>(plan.num_rows);
  const WorkspaceExtents extents{
      .num_rows = num_rows,
      .num_routes = static_cast<std::size_t>(plan.num_routes_max),
      .num_logits = static_cast<std::size_t>(plan.num_logits),
      .num_pages = num_rows <= kSplitRowsMax ? static_cast<std::size_t>(plan.num_pages_max) : 0};
  TRY(const DeviceWorkspace workspace, make_workspace(config, extents, parts.workspace_memory));
  DevicePass(config, parts.weights, *parts.device, plan, workspace).run();
  std::vector<float> logits(extents.num_logits * config.vocabulary_size);
  if (!logits.empty())
    parts.device->table().download(parts.device->context(), logits.data(), workspace.logits,
                                   logits.size() * sizeof(float));
  TRY_OK(parts.device->synchronize());
  for (const SequenceChunk& chunk : batch) chunk.state->advance(chunk.tokens.size());
  return logits;
}

}  // namespace lyceum::model
