#include "model/architectures/device_model.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <mutex>
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
/// rows of logits, pages of the longest sequence, highest logits of a row.
using GraphKey = std::tuple<std::int32_t, std::int32_t, std::int32_t, std::int32_t>;

/// Rows and rows of logits of a pass for which room is left where experts stay outside.
constexpr std::size_t kReservedRows = 1024;
constexpr std::size_t kReservedLogitRows = 64;
/// So that one can be computed while another arrives.
constexpr std::size_t kSlotsMin = 2;

class DevicePageMemory final : public PageMemory {
 public:
  explicit DevicePageMemory(std::shared_ptr<kernels::Device> device) : device_(std::move(device)) {}

  float* allocate(std::size_t num_floats) override {
    void* const page = device_->allocate(num_floats * sizeof(float));
    if (page == nullptr) throw std::bad_alloc();
    const std::lock_guard lock(mutex_);
    page_bytes_[page] = num_floats * sizeof(float);
    return static_cast<float*>(page);
  }

  void release(float* page) override {
    const std::lock_guard lock(mutex_);
    device_->release(page, page_bytes_.extract(page).mapped());
  }

  void copy(const float* from, float* to, std::size_t num_floats) override {
    device_->table().copy(device_->context(), to, from, num_floats * sizeof(float));
  }

  std::uint64_t free_bytes_blocking() const override { return device_->describe().free_bytes; }

 private:
  std::shared_ptr<kernels::Device> device_;  ///< Shared with the model and all its memory
  std::mutex mutex_{};
  std::map<void*, std::size_t> page_bytes_{};
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

/// What a pass of the engine needs besides weights and contexts.
std::uint64_t pass_bytes(const ModelConfig& config) {
  std::size_t routes_per_row = 0;
  for (const LayerConfig& layer : config.layers) {
    if (layer.experts) routes_per_row = std::max(routes_per_row, layer.experts->policy.top_k);
  }
  return workspace_bytes(config, {.num_rows = kReservedRows,
                                  .num_routes = kReservedRows * routes_per_row,
                                  .num_logits = kReservedLogitRows});
}

/// Where the experts go, by what is free.
Result<ExpertPlace> place_for_experts(const kernels::Device& device, const DeviceBudget& budget,
                                      const ModelConfig& config, const ModelWeights& weights) {
  const std::uint64_t free = device.describe().free_bytes;
  const std::uint64_t whole =
      device_weight_bytes(config, weights, ExpertPlace::device) + pass_bytes(config) + budget.context_bytes;
  if (expert_slot_bytes(config, weights) == 0 || whole <= free) return ExpertPlace::device;
  const std::uint64_t least = DeviceModel::bytes_with_slots(config, weights, budget, kSlotsMin);
  constexpr std::uint64_t kMebibyte = 1024 * 1024;
  if (least > free)
    return Error{Errc::overloaded, "the device has " + std::to_string(free / kMebibyte) +
                                       " MiB free; the model needs " + std::to_string(whole / kMebibyte + 1) +
                                       " MiB, or " + std::to_string(least / kMebibyte + 1) +
                                       " MiB with its experts in this machine's memory"};
  return ExpertPlace::store;
}

/// In what the other weights have left.
Result<std::unique_ptr<ExpertStore>> make_store_blocking(const std::shared_ptr<kernels::Device>& device,
                                                         const DeviceBudget& budget,
                                                         const ModelConfig& config,
                                                         const ModelWeights& weights) {
  const std::size_t slot_bytes = expert_slot_bytes(config, weights);
  const std::uint64_t reserved = pass_bytes(config) + budget.context_bytes + slot_bytes;
  const std::uint64_t free = device->describe().free_bytes;
  const std::size_t num_slots = free > reserved ? (free - reserved) / slot_bytes : 0;
  return ExpertStore::make_blocking(device, config, weights, std::max(num_slots, kSlotsMin));
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
  Result<void> run(DevicePass& pass, const DevicePlan& plan);
  void drop_graphs();

  std::shared_ptr<kernels::Device> device;
  std::shared_ptr<PageMemory> pages;
  DeviceWeights weights{};
  std::unique_ptr<ExpertStore> store{};  ///< Null: all experts lie on the device
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

Result<void> DeviceModel::Parts::run(DevicePass& pass, const DevicePlan& plan) {
  if (!plan.is_plain_decode || store != nullptr) return pass.run();
  const std::uint64_t generation = plan_memory.generation() + workspace_memory.generation();
  if (generation != graph_generation || graphs.size() > kGraphsMax) drop_graphs();
  graph_generation = generation;
  const auto [known, is_new] =
      graphs.try_emplace({plan.num_rows, plan.num_logits, plan.num_pages_max, plan.num_highest});
  if (is_new) return pass.run();
  kernels::DeviceContext* const context = device->context();
  kernels::DeviceGraph*& graph = known->second;
  if (graph == nullptr) {
    device->table().begin_graph(context);
    TRY_OK(pass.run());
    graph = device->table().end_graph(context);
  }
  device->table().launch_graph(context, graph);
  return ok();
}

DeviceModel::DeviceModel(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

DeviceModel::~DeviceModel() = default;

Result<std::unique_ptr<DeviceModel>> DeviceModel::load_blocking(const kernels::DeviceTable& table,
                                                                std::int32_t device_index,
                                                                const DeviceBudget& budget,
                                                                const ModelConfig& config,
                                                                const ModelWeights& weights) {
  TRY_OK(check_limits(config));
  TRY(auto device,
      kernels::Device::open_blocking(table, device_index, narrow_kind(weights), budget.memory_bytes));
  TRY(const ExpertPlace experts, place_for_experts(*device, budget, config, weights));
  auto parts = std::make_unique<Parts>(std::move(device));
  TRY(parts->weights, upload_weights_blocking(parts->device, config, weights, experts));
  if (experts == ExpertPlace::store) {
    TRY(parts->store, make_store_blocking(parts->device, budget, config, weights));
  }
  return std::unique_ptr<DeviceModel>(new DeviceModel(std::move(parts)));
}

std::uint64_t DeviceModel::bytes_with_slots(const ModelConfig& config, const ModelWeights& weights,
                                            const DeviceBudget& budget, std::size_t num_slots) {
  // The store's table of weights is small beside the slot that is counted besides.
  return device_weight_bytes(config, weights, ExpertPlace::store) + pass_bytes(config) +
         budget.context_bytes + (num_slots + 1) * expert_slot_bytes(config, weights);
}

std::optional<ExpertFetches> DeviceModel::expert_fetches() const {
  if (parts_->store == nullptr) return std::nullopt;
  return parts_->store->counters();
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
      .num_pages = num_rows <= kSplitRowsMax ? static_cast<std::size_t>(plan.num_pages_max) : 0,
      .num_highest = static_cast<std::size_t>(plan.num_highest)};
  TRY(const DeviceWorkspace workspace, make_workspace(config, extents, parts.workspace_memory));
  DevicePass pass(config, parts.weights, *parts.device, parts.store.get(), plan, workspace);
  pass.prepare_taps();
  TRY_OK(parts.run(pass, plan));
  std::vector<float> logits = pass.bring_logits(batch);
  TRY_OK(parts.device->synchronize());
  TRY_OK(pass.show_routes());
  pass.hand_out_highest(batch);
  for (const SequenceChunk& chunk : batch) chunk.state->advance(chunk.tokens.size());
  return logits;
}

}  // namespace lyceum::model
