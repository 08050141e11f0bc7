#include "model/architectures/device_model.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <new>
#include <tuple>

#include "model/architectures/device_pass.hpp"

namespace lyceum::model {
namespace {

/// Values of a head that the kernels of attention keep in registers.
constexpr std::size_t kValueDimMax = 1024;
/// Rows up to which attention has a block a page, so that few tokens fill the device as well.
constexpr std::size_t kSplitRowsMax = 32;

constexpr std::size_t kGraphsMax = 64;

/// What the operations of a step of decoding and their addresses depend on, as long as no memory grows: rows,
/// rows of logits, pages of the longest sequence.
using GraphKey = std::tuple<std::int32_t, std::int32_t, std::int32_t>;

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

  std::uint64_t free_bytes_blocking() const override { return device_->describe().free_bytes; }

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

  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  ~Parts() { drop_graphs(); }

  /// Steps of decoding are recorded the second time that their like comes (the first one loads what the
  /// device needs), and repeated from then on.
  Result<void> run(const ModelConfig& config, const DevicePlan& plan, const DeviceWorkspace& workspace);
  void drop_graphs();

  std::shared_ptr<kernels::Device> device;
  std::shared_ptr<PageMemory> pages;
  DeviceWeights weights{};
  GrowingMemory plan_memory;
  GrowingMemory workspace_memory;
  std::map<GraphKey, kernels::DeviceGraph*> graphs{};  ///< Null: met once
  std::uint64_t graph_generation = 0;                  ///< Of both memories
};

void DeviceModel::Parts::drop_graphs() {
  for (const auto& [key, graph] : graphs) {
    if (graph != nullptr) device->table().destroy_graph(device->context(), graph);
  }
  graphs.clear();
}

Result<void> DeviceModel::Parts::run(const ModelConfig& config, const DevicePlan& plan,
                                     const DeviceWorkspace& workspace) {
  DevicePass pass(config, weights, *device, plan, workspace);
  if (!plan.is_plain_decode) return pass.run();
  const std::uint64_t generation = plan_memory.generation() + workspace_memory.generation();
  if (generation != graph_generation || graphs.size() > kGraphsMax) drop_graphs();
  graph_generation = generation;
  const auto [known, is_new] = graphs.try_emplace({plan.num_rows, plan.num_logits, plan.num_pages_max});
  if (is_new) return pass.run();
  kernels::DeviceContext* const context = device->context();
  kernels::DeviceGraph*& graph = known->second;
  if (graph == nullptr) {
    device->table().begin_graph(context);
    TRY_OK(pass.run());
    graph = device->table().end_graph(context);
    if (graph == nullptr) return ok();
  }
  device->table().launch_graph(context, graph);
  return ok();
}

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
  TRY(DevicePlan plan, make_device_plan(config, rope_frequencies, batch, *parts.device, parts.plan_memory));
  // So that a growing sequence is another case now and then only.
  plan.num_pages_max =
      static_cast<std::int32_t>(std::bit_ceil(static_cast<std::uint32_t>(plan.num_pages_max)));
  const auto num_rows = static_cast<std::size_t>(plan.num_rows);
  const WorkspaceExtents extents{
      .num_rows = num_rows,
      .num_routes = static_cast<std::size_t>(plan.num_routes_max),
      .num_logits = static_cast<std::size_t>(plan.num_logits),
      .num_pages = num_rows <= kSplitRowsMax ? static_cast<std::size_t>(plan.num_pages_max) : 0};
  TRY(const DeviceWorkspace workspace, make_workspace(config, extents, parts.workspace_memory));
  TRY_OK(parts.run(config, plan, workspace));
  std::vector<float> logits(extents.num_logits * config.vocabulary_size);
  if (!logits.empty())
    parts.device->table().download(parts.device->context(), logits.data(), workspace.logits,
                                   logits.size() * sizeof(float));
  TRY_OK(parts.device->synchronize());
  for (const SequenceChunk& chunk : batch) chunk.state->advance(chunk.tokens.size());
  return logits;
}

}  // namespace lyceum::model
