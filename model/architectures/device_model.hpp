#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernels/device.hpp"
#include "model/architectures/transformer.hpp"
#include "model/architectures/weights.hpp"

namespace lyceum::model {

/// A model on a device: its weights, its pages of keys and values, and the pass for all families. Takes the
/// batches that ForwardPass takes and returns the same rows. Weights of 16 bits and fewer are multiplied on
/// matrix units, with activations of 16 bits and sums of 32; the rest is f32. A sequence's logits depend on
/// nothing else in the batch, to the bit.
class DeviceModel {
 public:
  /// unavailable when there is no such device, overloaded when it lacks memory, unsupported for a model that
  /// exceeds a limit of its kernels. `weights` is read only here, but where experts do not fit: then their
  /// bytes must outlive the model.
  static Result<std::unique_ptr<DeviceModel>> load_blocking(const kernels::DeviceTable& table,
                                                            std::int32_t device_index,
                                                            const DeviceBudget& budget,
                                                            const ModelConfig& config,
                                                            const ModelWeights& weights);
  ~DeviceModel();

  /// The batch has been checked; its states have pages of `page_memory`. One at a time.
  Result<std::vector<float>> forward_blocking(const ModelConfig& config,
                                              std::span<const double> rope_frequencies,
                                              std::span<const SequenceChunk> batch);

  /// The least memory that holds a model with so many slots for experts.
  static std::uint64_t bytes_with_slots(const ModelConfig& config, const ModelWeights& weights,
                                        const DeviceBudget& budget, std::size_t num_slots);

  std::shared_ptr<PageMemory> page_memory() const;

  /// Nothing where all experts lie on the device.
  std::optional<ExpertFetches> expert_fetches() const;

  std::string name() const;

 private:
  struct Parts;

  explicit DeviceModel(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace lyceum::model
