#pragma once

#include <array>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "kernels/device.hpp"
#include "model/architectures/device_expert_cache.hpp"
#include "model/architectures/transformer.hpp"
#include "model/architectures/weights.hpp"

namespace lyceum::model {

/// Bytes of a device's slot, which holds any one expert: gate, up and down.
std::size_t expert_slot_bytes(const ModelConfig& config, const ModelWeights& weights);

/// Experts that stay in this machine's memory and come to a device's slots when a layer needs them, or is
/// likely to. Which are there changes no bit: those that are computed while the others are on their way, and
/// those afterwards, each have results of their own.
class ExpertStore {
 public:
  /// Borrows the weights' bytes, which a file maps. overloaded when the slots do not fit.
  static Result<std::unique_ptr<ExpertStore>> make_blocking(std::shared_ptr<kernels::Device> device,
                                                            const ModelConfig& config,
                                                            const ModelWeights& weights,
                                                            std::size_t num_slots);
  ExpertStore(const ExpertStore&) = delete;
  ExpertStore& operator=(const ExpertStore&) = delete;
  ~ExpertStore();

  /// What the next layer with experts will probably use, each as often as it is expected.
  struct Guess {
    std::size_t layer = 0;
    std::span<const std::int32_t> experts{};
  };

  using Compute = std::function<void(const void* const* weights)>;

  void begin_pass() { cache_.begin_step(); }

  /// Asks for the computation of what `routes` names, once or in waves: `compute` gets where the weights of
  /// experts lie, with null for those that are not due. All operations asked for before are done.
  void run(std::size_t layer, std::span<const std::int32_t> routes, const Guess& guess,
           const Compute& compute);

  const ExpertFetches& counters() const { return counters_; }

 private:
  struct Layer {
    std::array<const std::byte*, 3> from{};  ///< The first expert's gate, up and down
    std::array<std::size_t, 3> bytes{};      ///< Of one expert
    std::size_t first = 0;                   ///< Number of its first expert
    std::size_t num_experts = 0;
  };

  using Experts = std::vector<std::size_t>;

  ExpertStore(std::shared_ptr<kernels::Device> device, std::vector<Layer> layers, ExpertCache cache);
  void pin(const ModelWeights& weights);
  void fetch(const Layer& layer, std::size_t expert, std::size_t slot);
  void fetch_missing(const Layer& layer, Experts& missing, Experts& arriving);
  void fetch_likely(const Guess& guess, std::size_t passed);
  const void* const* place(const Layer& layer, const Experts& wave);

  std::shared_ptr<kernels::Device> device_;  ///< Shared with all that lies on it
  std::vector<Layer> layers_;
  ExpertCache cache_;
  std::size_t slot_bytes_ = 0;
  kernels::DeviceMemory slots_{};
  kernels::DeviceMemory table_memory_{};
  std::vector<const void*> table_{};
  std::vector<const void*> pinned_{};
  std::set<std::size_t> arriving_{};  ///< Slots whose fetch nothing has waited for yet
  ExpertFetches counters_{};
};

}  // namespace lyceum::model
