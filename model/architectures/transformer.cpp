#include "model/architectures/transformer.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "kernels/operations.hpp"
#include "kernels/rope.hpp"
#include "model/architectures/device_model.hpp"
#include "model/architectures/forward_pass.hpp"
#include "model/architectures/highest_logits.hpp"
#include "model/architectures/weights.hpp"
#include "model/files/gguf.hpp"

namespace lyceum::model {
namespace {

Result<void> check_memory(const GgufFile& file, std::uint64_t memory_limit) {
  std::uint64_t needed = 0;
  for (const GgufTensor& tensor : file.tensors()) needed += tensor.bytes.size();
  if (needed <= memory_limit) return ok();
  constexpr std::uint64_t kMebibyte = 1024 * 1024;
  return Error{Errc::overloaded, file.path() + ": the weights need " +
                                     std::to_string(needed / kMebibyte + 1) + " MiB of memory, " +
                                     std::to_string(memory_limit / kMebibyte) + " MiB are free"};
}

std::unique_ptr<kernels::Operations> make_operations(const ComputeOptions& options) {
  if (options.uses_reference_operations) return kernels::make_reference_operations();
  const std::size_t num_processors = std::max(1U, std::thread::hardware_concurrency());
  return kernels::make_cpu_operations(options.isa.value_or(kernels::available_isas().back()),
                                      options.num_threads > 0 ? options.num_threads : num_processors);
}

/// Null: the processor computes.
Result<std::unique_ptr<DeviceModel>> open_device_blocking(const ComputeOptions& options,
                                                          const ModelConfig& config,
                                                          const ModelWeights& weights) {
  using Kind = kernels::DeviceChoice::Kind;
  if (options.device.kind == Kind::cpu) return std::unique_ptr<DeviceModel>();
  const kernels::DeviceTable* table = options.device_table;
  if (table == nullptr) {
    const auto loaded = kernels::load_device_table_blocking();
    if (loaded) {
      table = *loaded;
    } else if (options.device.kind == Kind::cuda) {
      return loaded.error();
    }
  }
  const bool may_choose = options.device.kind == Kind::automatic;
  if (may_choose && (table == nullptr || table->count_devices() == 0)) return std::unique_ptr<DeviceModel>();
  return DeviceModel::load_blocking(*table, options.device.index, options.device_budget, config, weights);
}

Result<void> check_experts(const ModelConfig& config, std::span<const std::size_t> experts_per_layer) {
  if (experts_per_layer.empty()) return ok();
  if (experts_per_layer.size() != config.layers.size())
    return Error{Errc::invalid_argument, "experts are given for " + std::to_string(experts_per_layer.size()) +
                                             " layers of " + std::to_string(config.layers.size())};
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
    if (!config.layers[layer].experts) continue;
    const ExpertsConfig& experts = *config.layers[layer].experts;
    const std::size_t most = experts.num_experts / experts.policy.num_groups * experts.policy.num_groups_used;
    if (experts_per_layer[layer] < 1 || experts_per_layer[layer] > most)
      return Error{Errc::invalid_argument, "layer " + std::to_string(layer) + " can use 1.." +
                                               std::to_string(most) + " experts, not " +
                                               std::to_string(experts_per_layer[layer])};
  }
  return ok();
}

Result<void> check_bias(const ModelConfig& config, const SequenceChunk& chunk) {
  if (chunk.expert_bias.empty()) return ok();
  std::size_t begin = 0;
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
    if (!config.layers[layer].experts) continue;
    const ExpertsConfig& experts = *config.layers[layer].experts;
    const std::size_t end = begin + experts.num_experts;
    if (end > chunk.expert_bias.size()) break;
    const auto is_usable = [](float bias) { return bias > -std::numeric_limits<float>::infinity(); };
    const auto usable = static_cast<std::size_t>(
        std::ranges::count_if(chunk.expert_bias.subspan(begin, experts.num_experts), is_usable));
    const std::size_t top_k =
        chunk.experts_per_layer.empty() ? experts.policy.top_k : chunk.experts_per_layer[layer];
    if (usable < top_k)
      return Error{Errc::invalid_argument, "layer " + std::to_string(layer) + " uses " +
                                               std::to_string(top_k) + " experts, all but " +
                                               std::to_string(usable) + " are banned"};
    begin = end;
  }
  if (begin == chunk.expert_bias.size()) return ok();
  return Error{Errc::invalid_argument, "the experts' bias has " + std::to_string(chunk.expert_bias.size()) +
                                           " values, which do not fit the model's experts"};
}

Result<void> check_tokens(const ModelConfig& config, const SequenceChunk& chunk) {
  if (chunk.tokens.empty()) return Error{Errc::invalid_argument, "no tokens"};
  const std::size_t length = chunk.state->length() + chunk.tokens.size();
  if (length > config.context_length)
    return Error{Errc::too_large, "the sequence has " + std::to_string(length) +
                                      " tokens, the model's context has " +
                                      std::to_string(config.context_length)};
  for (const std::int32_t token : chunk.tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= config.vocabulary_size)
      return Error{Errc::invalid_argument, "token " + std::to_string(token) +
                                               " is not in the vocabulary of " +
                                               std::to_string(config.vocabulary_size)};
  }
  return ok();
}

}  // namespace

/// One pass at a time computes: on a device, or by operations.
struct Transformer::Compute {
  std::mutex mutex{};
  std::unique_ptr<DeviceModel> device{};
  std::unique_ptr<kernels::Operations> operations{};
  PassWorkspace workspace{};
};

std::uint64_t available_memory_blocking() {
  std::ifstream meminfo("/proc/meminfo");
  std::string key;
  std::uint64_t kibibytes = 0;
  while (meminfo >> key >> kibibytes) {
    if (key == "MemAvailable:") return kibibytes * 1024;
    meminfo.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::numeric_limits<std::uint64_t>::max();
}

Result<Transformer> Transformer::load_blocking(GgufFile file, std::uint64_t memory_limit,
                                               const ComputeOptions& options) {
  auto kept = std::make_unique<GgufFile>(std::move(file));
  TRY(ModelConfig config, read_model_config(*kept));
  TRY_OK(check_memory(*kept, memory_limit));
  TRY(ModelWeights weights, load_weights_blocking(*kept, config));
  auto compute = std::make_unique<Compute>();
  TRY(compute->device, open_device_blocking(options, config, weights));
  if (compute->device == nullptr) compute->operations = make_operations(options);
  return Transformer(std::move(kept), std::move(config), std::make_unique<ModelWeights>(std::move(weights)),
                     std::move(compute));
}

Transformer::Transformer(std::unique_ptr<GgufFile> file, ModelConfig config,
                         std::unique_ptr<ModelWeights> weights, std::unique_ptr<Compute> compute)
    : file_(std::move(file)),
      config_(std::move(config)),
      weights_(std::move(weights)),
      rope_frequencies_(kernels::rope_frequencies({.dims = config_.rope.dims,
                                                   .base = config_.rope.base,
                                                   .factor = config_.rope.factor,
                                                   .yarn = config_.rope.yarn,
                                                   .divisors = weights_->rope_divisors})),
      compute_(std::move(compute)) {
  pages_ = std::make_shared<KeyValuePool>(config_, std::numeric_limits<std::size_t>::max(), page_memory());
}

Transformer::Transformer(Transformer&&) noexcept = default;
Transformer& Transformer::operator=(Transformer&&) noexcept = default;
Transformer::~Transformer() = default;

std::shared_ptr<PageMemory> Transformer::page_memory() const {
  return compute_->device == nullptr ? host_page_memory() : compute_->device->page_memory();
}

std::optional<std::string> Transformer::device_name() const {
  if (compute_->device == nullptr) return std::nullopt;
  return compute_->device->name();
}

std::optional<ExpertFetches> Transformer::expert_fetches_blocking() const {
  const std::lock_guard lock(compute_->mutex);
  if (compute_->device == nullptr) return std::nullopt;
  return compute_->device->expert_fetches();
}

Result<void> Transformer::check(std::span<const SequenceChunk> batch) const {
  std::vector<const KeyValueState*> states;
  std::map<const KeyValuePool*, std::size_t> pages;
  for (const SequenceChunk& chunk : batch) {
    TRY_OK(check_tokens(config_, chunk));
    TRY_OK(check_experts(config_, chunk.experts_per_layer));
    TRY_OK(check_bias(config_, chunk));
    if (chunk.highest != nullptr && (chunk.highest->count < 1 || chunk.highest->count > kHighestLogitsMax))
      return Error{Errc::invalid_argument, "the highest logits are given for 1 to " +
                                               std::to_string(kHighestLogitsMax) + " tokens, not " +
                                               std::to_string(chunk.highest->count)};
    pages[&chunk.state->pool()] += chunk.state->pages_to_reserve(chunk.tokens.size());
    states.push_back(chunk.state);
  }
  std::ranges::sort(states);
  if (std::ranges::adjacent_find(states) != states.end())
    return Error{Errc::invalid_argument, "a sequence is twice in a batch"};
  for (const auto& [pool, needed] : pages) {
    if (needed <= pool->num_available()) continue;
    return Error{Errc::overloaded, "the batch needs " + std::to_string(needed) + " pages, " +
                                       std::to_string(pool->num_available()) + " are free"};
  }
  return ok();
}

Result<std::vector<float>> Transformer::forward_blocking(std::span<const SequenceChunk> batch) const {
  if (batch.empty()) return Error{Errc::invalid_argument, "no sequences"};
  TRY_OK(check(batch));
  const std::lock_guard lock(compute_->mutex);
  if (compute_->device != nullptr)
    return compute_->device->forward_blocking(config_, rope_frequencies_, batch);
  const PassTools tools{*compute_->operations, compute_->workspace};
  return take_highest(batch, config_.vocabulary_size,
                      ForwardPass(config_, *weights_, rope_frequencies_, tools, batch).run());
}

}  // namespace lyceum::model
