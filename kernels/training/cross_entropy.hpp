#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/training/gemm.hpp"

namespace lyceum::kernels::training {

/// What one row of logits says about its target.
struct RowLoss {
  float loss = 0.0F;        ///< -log p(target), in nats
  bool is_highest = false;  ///< The target has the highest logit
};

/// Loss of one row; when `gradient` is given, it receives scale * (p - onehot), rounded to bf16.
/// `num_logits` is a multiple of 16. The logits are overwritten.
RowLoss cross_entropy_row(float* logits, std::size_t num_logits, std::size_t target, float scale,
                          Bf16* gradient);

}  // namespace lyceum::kernels::training
