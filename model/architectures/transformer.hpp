#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernels/device.hpp"
#include "kernels/isa.hpp"
#include "model/architectures/key_value_state.hpp"
#include "model/architectures/model_config.hpp"
#include "model/architectures/taps.hpp"

namespace lyceum::model {

class GgufFile;
struct ModelWeights;

/// Bytes that the machine can give without swapping; the largest number where it does not say.
std::uint64_t available_memory_blocking();

constexpr std::size_t kHighestLogitsMax = 128;

/// The highest logits of rows instead of whole rows, which need not leave a device then.
struct HighestLogits {
  std::size_t count = 0;  ///< Wanted of each row: 1 to kHighestLogitsMax
  /// Filled, [rows, the smaller of `count` and the vocabulary]: highest first, the lower token first among
  /// equals. What is no number counts as the highest.
  std::vector<std::int32_t> tokens{};
  std::vector<float> logits{};
};

/// The next tokens of one sequence.
struct SequenceChunk {
  std::span<const std::int32_t> tokens{};  ///< Not empty
  KeyValueState* state = nullptr;          ///< Takes the tokens in; at most once in a batch
  bool wants_all_logits = false;           ///< A row for every token instead of the last `num_logits`
  std::size_t num_logits = 1;              ///< Rows for the last so many tokens; 0: none
  /// Experts that this request uses in each layer, 1 to what the routing permits; empty: the model's own.
  /// Dense layers' entries do not count.
  std::span<const std::size_t> experts_per_layer{};
  /// Of each layer's experts one after the other (dense layers have none), added to the scores for selection
  /// only: a boost, or minus infinity for a ban. Empty: none.
  std::span<const float> expert_bias{};
  ChunkTaps* taps = nullptr;         ///< What to show; filled by the pass
  HighestLogits* highest = nullptr;  ///< Its rows come here alone; filled by the pass
};

/// How much of a device a model may take. One that does not fit leaves its experts in this machine's memory,
/// from which those in use come to a part of the device's.
struct DeviceBudget {
  std::uint64_t memory_bytes = kernels::Device::kNoLimit;  ///< For weights, contexts and what a pass needs
  std::uint64_t context_bytes =
      0;  ///< Of that, left free of weights for contexts, where experts stay outside
};

/// What became of that. Counters grow from the loading on; an expert counts once a pass and layer.
struct ExpertFetches {
  std::uint64_t num_experts = 0;  ///< Of all layers
  std::uint64_t num_slots = 0;    ///< Experts that the device holds
  std::uint64_t slot_bytes = 0;
  std::uint64_t pinned_bytes = 0;    ///< Read by the device itself; the rest is copied once more
  std::uint64_t num_uses = 0;        ///< Counter
  std::uint64_t num_hits = 0;        ///< Counter: were there or on their way
  std::uint64_t num_fetched = 0;     ///< Counter: were waited for
  std::uint64_t num_prefetched = 0;  ///< Counter: came before they were needed, or in vain
  std::uint64_t fetched_bytes = 0;   ///< Counter
};

/// What a transformer computes with. On the processor no choice changes a bit of its results; a device gives
/// others, within its tolerance.
struct ComputeOptions {
  kernels::DeviceChoice device{};
  DeviceBudget device_budget{};
  const kernels::DeviceTable* device_table = nullptr;  ///< Null: the library's
  std::size_t num_threads = 0;                         ///< 0: one a processor
  std::optional<kernels::Isa> isa{};       ///< One of kernels::available_isas(); absent: the fastest
  bool uses_reference_operations = false;  ///< The specification itself, on one thread: slow
};

/// A decoder of the families in architecture.cpp. A sequence's logits depend on its tokens and the kind of
/// device alone, to the bit: not on the batch, the chunks in which they came, the processor or the number of
/// threads.
class Transformer {
 public:
  /// Reads the configuration of `file` and takes its weights as they lie there; overloaded, with both
  /// numbers, when they have more than `memory_limit` bytes, or the device lacks memory; unavailable when a
  /// device was asked for that is not there.
  static Result<Transformer> load_blocking(GgufFile file,
                                           std::uint64_t memory_limit = available_memory_blocking(),
                                           const ComputeOptions& options = {});

  Transformer(Transformer&&) noexcept;
  Transformer& operator=(Transformer&&) noexcept;
  ~Transformer();

  const ModelConfig& config() const { return config_; }

  const GgufFile& file() const { return *file_; }

  /// For pools of this model's pages.
  std::shared_ptr<PageMemory> page_memory() const;

  /// The device's name; nothing on the processor.
  std::optional<std::string> device_name() const;

  /// Nothing where the model fits its device, or there is none. Waits for a pass that is under way.
  std::optional<ExpertFetches> expert_fetches_blocking() const;

  /// In pages of this model's own, without a limit.
  KeyValueState new_sequence() const { return KeyValueState(pages_); }

  /// Rows of `config().vocabulary_size` logits, in the order of the chunks and their tokens, but of chunks
  /// that take the highest alone. invalid_argument
  /// for an empty chunk, a token outside the vocabulary or experts that do not fit, too_large for more tokens
  /// than the context, overloaded when the pool lacks pages; then no state has changed. Any number of
  /// threads, each with states of its own; they wait for each other.
  Result<std::vector<float>> forward_blocking(std::span<const SequenceChunk> batch) const;

 private:
  struct Compute;

  Transformer(std::unique_ptr<GgufFile> file, ModelConfig config, std::unique_ptr<ModelWeights> weights,
              std::unique_ptr<Compute> compute);
  Result<void> check(std::span<const SequenceChunk> batch) const;

  std::unique_ptr<GgufFile> file_;
  ModelConfig config_;
  std::unique_ptr<ModelWeights> weights_;
  std::vector<double> rope_frequencies_;
  std::shared_ptr<KeyValuePool> pages_;
  std::unique_ptr<Compute> compute_;
};

}  // namespace lyceum::model
