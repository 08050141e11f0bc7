#include "kernels/training/vectors.hpp"

#include "kernels/training/bfloat16.hpp"
#include "kernels/training/lanes.hpp"

namespace lyceum::kernels::training {

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void round_to_bf16(const float* values,
                                                                               std::size_t n, Bf16* rounded) {
  for (std::size_t i = 0; i < n; ++i) rounded[i] = bf16_of(values[i]);
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void add_scaled(float scale, const Bf16* x,
                                                                            std::size_t n, float* y) {
  for (std::size_t i = 0; i < n; ++i) y[i] += scale * f32_of(x[i]);
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] float scale_and_dot(float scale, const float* y,
                                                                                const Bf16* x, std::size_t n,
                                                                                Bf16* scaled) {
  Lanes lanes{};
  for (std::size_t i = 0; i < n; i += kSumLanes) {
    for (std::size_t lane = 0; lane < kSumLanes; ++lane) {
      lanes[lane] += y[i + lane] * f32_of(x[i + lane]);
      scaled[i + lane] = bf16_of(scale * y[i + lane]);
    }
  }
  return sum_of(lanes);
}

}  // namespace lyceum::kernels::training
