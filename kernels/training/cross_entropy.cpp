#include "kernels/training/cross_entropy.hpp"

#include <cmath>

#include "kernels/training/bfloat16.hpp"
#include "kernels/training/lanes.hpp"

namespace lyceum::kernels::training {

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] RowLoss cross_entropy_row(
    float* logits, std::size_t num_logits, std::size_t target, float scale, Bf16* gradient) {
  Lanes most_lanes;
  most_lanes.fill(-3e38F);
  for (std::size_t i = 0; i < num_logits; i += kSumLanes) {
    for (std::size_t lane = 0; lane < kSumLanes; ++lane)
      most_lanes[lane] = logits[i + lane] > most_lanes[lane] ? logits[i + lane] : most_lanes[lane];
  }
  float most = most_lanes[0];
  for (const float lane : most_lanes) most = lane > most ? lane : most;
  const float at_target = logits[target];
  Lanes lanes{};
  for (std::size_t i = 0; i < num_logits; i += kSumLanes) {
    for (std::size_t lane = 0; lane < kSumLanes; ++lane) {
      logits[i + lane] = exp_lane(logits[i + lane] - most);
      lanes[lane] += logits[i + lane];
    }
  }
  const float sum = sum_of(lanes);
  if (gradient != nullptr) {
    const float factor = scale / sum;
    for (std::size_t i = 0; i < num_logits; ++i) gradient[i] = bf16_of(logits[i] * factor);
    gradient[target] = bf16_of(logits[target] * factor - scale);
  }
  return {.loss = most + std::log(sum) - at_target, .is_highest = at_target >= most};
}

}  // namespace lyceum::kernels::training
