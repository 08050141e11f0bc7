#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "kernels/cpu/kernel_table.hpp"
#include "kernels/operations.hpp"
#include "kernels/worker_pool.hpp"

namespace lyceum::kernels::cpu {

/// Operations by the kernels of one instruction set, shared out over a pool.
class CpuOperations final : public Operations {
 public:
  CpuOperations(const KernelTable& kernels, std::size_t num_threads);

  void for_each(std::size_t count, const std::function<void(std::size_t)>& work) override;
  void matmul(std::size_t num_tokens, std::span<const float> x, std::span<const Product> products) override;
  void rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon,
                std::span<float> y) override;
  void swiglu(std::span<float> gate, std::span<const float> up) override;
  void attention(const AttentionShape& shape, std::span<const AttentionQuery> queries) override;
  void moe_experts(const ExpertsShape& shape, const ExpertWeights& weights, const ExpertRoutes& routes,
                   std::span<const float> x, std::span<float> y) override;

 private:
  /// Activations of a product, in the forms that its weights want.
  struct Inputs {
    std::vector<Int8Block> blocks{};
    std::vector<Int8Superblock> superblocks{};
    std::vector<const Int8Block*> block_rows{};
    std::vector<const Int8Superblock*> superblock_rows{};
    std::vector<const float*> float_rows{};
  };

  /// Which forms beside f32.
  struct Forms {
    bool blocks = false;
    bool superblocks = false;

    void add(WeightType type) {
      superblocks = superblocks || has_superblocks(type);
      blocks = blocks || (is_quantized(type) && !has_superblocks(type));
    }
  };

  /// A thread's own.
  struct Scratch {
    PanelScratch panels{};
    std::vector<float> up{};
    std::vector<float> attention{};
    std::vector<float*> up_rows{};
  };

  /// An expert that some tokens chose: its slots in groups_.
  struct ActiveExpert {
    std::size_t expert;
    std::size_t first_slot;
    std::size_t num_slots;
  };

  void prepare(Inputs& inputs, std::size_t num_rows, std::span<const float> x, Forms forms);
  void multiply(const WeightMatrix& weight, std::size_t first_row, std::size_t num_rows,
                std::size_t first_token, std::size_t num_tokens, const Inputs& inputs, float* const* y,
                std::size_t first_column, Scratch& scratch);
  void group_routes(const ExpertsShape& shape, const ExpertRoutes& routes, std::span<const float> x,
                    Forms forms);
  void widen(const ExpertsShape& shape, const ExpertWeights& weights, const ActiveExpert& active,
             std::size_t first_row, std::size_t num_rows, Scratch& scratch);

  const KernelTable& kernels_;
  WorkerPool pool_;
  std::vector<std::unique_ptr<Scratch>> scratch_{};

  Inputs inputs_{};
  std::vector<float*> outputs_{};
  std::vector<AttentionTile> tiles_{};

  // Of moe_experts, a row a slot of groups_.
  ExpertGroups groups_{};
  std::vector<ActiveExpert> active_{};
  std::vector<std::size_t> token_of_route_{};
  Inputs gathered_{};
  Inputs inner_{};
  std::vector<float> inner_values_{};
  std::vector<float*> inner_rows_{};
  std::vector<float> slot_outputs_{};
  std::vector<float*> slot_rows_{};
};

}  // namespace lyceum::kernels::cpu
