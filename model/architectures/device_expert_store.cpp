#include "model/architectures/device_expert_store.hpp"

#include <algorithm>
#include <map>

#include <unistd.h>

#include "base/check.hpp"
#include "model/architectures/device_memory.hpp"

namespace lyceum::model {
namespace {

std::array<const Matrix*, 3> parts_of(const LayerWeights& layer) {
  return {&layer.experts.gate, &layer.experts.up, &layer.experts.down};
}

std::size_t expert_bytes(const Matrix& matrix, std::size_t num_experts) {
  return matrix.num_outputs / num_experts * matrix.row_bytes();
}

std::size_t slot_bytes_of(const std::array<std::size_t, 3>& parts) {
  Layout layout(nullptr);
  for (const std::size_t bytes : parts) layout.take<std::byte>(bytes);
  return layout.size_bytes();
}

std::vector<std::size_t> distinct(std::span<const std::int32_t> routes) {
  std::vector<std::size_t> experts(routes.begin(), routes.end());
  std::ranges::sort(experts);
  const auto repeated = std::ranges::unique(experts);
  experts.erase(repeated.begin(), repeated.end());
  return experts;
}

/// Those with most routes first.
std::vector<std::size_t> by_use(std::span<const std::int32_t> routes) {
  std::map<std::int32_t, std::size_t> uses;
  for (const std::int32_t expert : routes) ++uses[expert];
  std::vector<std::size_t> experts = distinct(routes);
  std::ranges::sort(experts, [&](std::size_t a, std::size_t b) {
    const std::size_t first = uses[static_cast<std::int32_t>(a)];
    const std::size_t second = uses[static_cast<std::int32_t>(b)];
    return first != second ? first > second : a < b;
  });
  return experts;
}

}  // namespace

std::size_t expert_slot_bytes(const ModelConfig& config, const ModelWeights& weights) {
  std::size_t most = 0;
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
    if (!config.layers[layer].experts) continue;
    const auto parts = parts_of(weights.layers[layer]);
    std::array<std::size_t, 3> bytes{};
    std::ranges::transform(parts, bytes.begin(), [&](const Matrix* matrix) {
      return expert_bytes(*matrix, config.layers[layer].experts->num_experts);
    });
    most = std::max(most, slot_bytes_of(bytes));
  }
  return most;
}

Result<std::unique_ptr<ExpertStore>> ExpertStore::make_blocking(std::shared_ptr<kernels::Device> device,
                                                                const ModelConfig& config,
                                                                const ModelWeights& weights,
                                                                std::size_t num_slots) {
  std::vector<Layer> layers(config.layers.size());
  std::size_t num_experts = 0;
  std::size_t widest = 0;
  for (std::size_t index = 0; index < layers.size(); ++index) {
    const std::optional<ExpertsConfig>& experts = config.layers[index].experts;
    if (!experts) continue;
    Layer& layer = layers[index];
    layer.first = num_experts;
    layer.num_experts = experts->num_experts;
    const auto parts = parts_of(weights.layers[index]);
    for (std::size_t part = 0; part < parts.size(); ++part) {
      layer.from[part] = parts[part]->data;
      layer.bytes[part] = expert_bytes(*parts[part], layer.num_experts);
    }
    num_experts += layer.num_experts;
    widest = std::max(widest, layer.num_experts);
  }
  std::unique_ptr<ExpertStore> store(
      new ExpertStore(std::move(device), std::move(layers), ExpertCache(num_experts, num_slots)));
  store->slot_bytes_ = expert_slot_bytes(config, weights);
  TRY(store->slots_, kernels::DeviceMemory::allocate(store->device_, num_slots * store->slot_bytes_));
  store->table_.resize(3 * widest);
  TRY(store->table_memory_,
      kernels::DeviceMemory::allocate(store->device_, store->table_.size() * sizeof(const void*)));
  store->counters_ = {.num_experts = num_experts, .num_slots = num_slots, .slot_bytes = store->slot_bytes_};
  store->pin(weights);
  return store;
}

ExpertStore::ExpertStore(std::shared_ptr<kernels::Device> device, std::vector<Layer> layers,
                         ExpertCache cache)
    : device_(std::move(device)), layers_(std::move(layers)), cache_(std::move(cache)) {}

ExpertStore::~ExpertStore() {
  // Nothing may be on its way from memory that goes.
  device_->table().await_fetches(device_->context());
  device_->table().synchronize(device_->context());
  for (const void* const memory : pinned_) device_->table().unpin(device_->context(), memory);
}

/// Whole pages, of which neighbouring tensors may share one.
void ExpertStore::pin(const ModelWeights& weights) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> ranges;
  for (const LayerWeights& layer : weights.layers) {
    for (const Matrix* const matrix : parts_of(layer)) {
      if (matrix->empty()) continue;
      const auto begin = reinterpret_cast<std::uintptr_t>(matrix->data);
      const std::uintptr_t end = begin + matrix->num_outputs * matrix->row_bytes();
      ranges.emplace_back(begin / page * page, (end + page - 1) / page * page);
    }
  }
  std::ranges::sort(ranges);
  for (std::size_t i = 0; i < ranges.size();) {
    auto [begin, end] = ranges[i++];
    while (i < ranges.size() && ranges[i].first <= end) end = std::max(end, ranges[i++].second);
    const auto* const memory = reinterpret_cast<const void*>(begin);
    if (device_->table().pin(device_->context(), memory, end - begin) != 0) {
      pinned_.push_back(memory);
      counters_.pinned_bytes += end - begin;
    }
  }
}

void ExpertStore::fetch(const Layer& layer, std::size_t expert, std::size_t slot) {
  Layout layout(slots_.data() + slot * slot_bytes_);
  for (std::size_t part = 0; part < layer.from.size(); ++part) {
    const std::size_t bytes = layer.bytes[part];
    device_->table().fetch(device_->context(), layout.take<std::byte>(bytes),
                           layer.from[part] + (expert - layer.first) * bytes, bytes);
    counters_.fetched_bytes += bytes;
  }
  arriving_.insert(slot);
}

/// Half of the slots at most, so that the other half can be computed meanwhile.
void ExpertStore::fetch_missing(const Layer& layer, Experts& missing, Experts& arriving) {
  const std::size_t most = std::max<std::size_t>(1, cache_.num_slots() / 2);
  while (!missing.empty() && arriving.size() < most) {
    const std::size_t expert = missing.back();
    const auto slot = cache_.admit(expert, layer.first + layer.num_experts);
    if (!slot) return;
    missing.pop_back();
    cache_.hold(expert);
    fetch(layer, expert, *slot);
    arriving.push_back(expert);
  }
}

void ExpertStore::fetch_likely(const Guess& guess, std::size_t passed) {
  const Layer& layer = layers_[guess.layer];
  Experts held;
  for (const std::size_t index : by_use(guess.experts)) {
    const std::size_t expert = layer.first + index;
    if (!cache_.slot_of(expert)) {
      // Later in line than all that has been fetched for itself.
      if (held.size() >= std::max<std::size_t>(1, cache_.num_slots() / 2)) break;
      const auto slot = cache_.admit(expert, passed);
      if (!slot) break;
      fetch(layer, expert, *slot);
      ++counters_.num_prefetched;
    }
    // A guess must not make another guess go.
    cache_.hold(expert);
    held.push_back(expert);
  }
  for (const std::size_t expert : held) cache_.release(expert);
}

const void* const* ExpertStore::place(const Layer& layer, const Experts& wave) {
  std::ranges::fill(table_, nullptr);
  for (const std::size_t expert : wave) {
    const auto slot = cache_.slot_of(expert);
    LYCEUM_CHECK(slot.has_value());
    Layout layout(slots_.data() + *slot * slot_bytes_);
    for (std::size_t part = 0; part < layer.bytes.size(); ++part)
      table_[3 * (expert - layer.first) + part] = layout.take<std::byte>(layer.bytes[part]);
  }
  device_->table().upload(device_->context(), table_memory_.data(), table_.data(),
                          table_.size() * sizeof(table_.front()));
  return reinterpret_cast<const void* const*>(table_memory_.data());
}

void ExpertStore::run(std::size_t layer_index, std::span<const std::int32_t> routes, const Guess& guess,
                      const Compute& compute) {
  const kernels::DeviceTable& table = device_->table();
  const Layer& layer = layers_[layer_index];
  if (!arriving_.empty() && table.is_fetching(device_->context()) == 0) arriving_.clear();
  Experts wave;
  Experts arriving;
  Experts missing;
  for (const std::size_t index : distinct(routes)) {
    const std::size_t expert = layer.first + index;
    cache_.use(expert);
    ++counters_.num_uses;
    const auto slot = cache_.slot_of(expert);
    if (!slot) {
      missing.push_back(expert);
      continue;
    }
    ++counters_.num_hits;
    cache_.hold(expert);
    (arriving_.contains(*slot) ? arriving : wave).push_back(expert);
  }
  counters_.num_fetched += missing.size();
  while (!wave.empty() || !arriving.empty() || !missing.empty()) {
    fetch_missing(layer, missing, arriving);
    const bool is_last = missing.empty() && arriving.empty();
    if (is_last) fetch_likely(guess, layer.first + layer.num_experts);
    if (!wave.empty()) {
      compute(place(layer, wave));
      for (const std::size_t expert : wave) cache_.release(expert);
      // Their slots may be the next ones that something comes to.
      table.hold_fetches(device_->context());
    }
    wave = std::exchange(arriving, {});
    if (wave.empty()) continue;
    table.await_fetches(device_->context());
    arriving_.clear();
  }
}

}  // namespace lyceum::model
