#pragma once

#include <cstddef>
#include <cstdint>

namespace lyceum::kernels::training {

/// AdamW with decoupled decay. Source: Loshchilov & Hutter 2017, arXiv:1711.05101, algorithm 2.
struct AdamwStep {
  std::uint64_t step = 1;  ///< From 1, for the correction of the moments' start
  float learning_rate = 0.0F;
  float beta1 = 0.9F;
  float beta2 = 0.95F;
  float epsilon = 1e-8F;
  float weight_decay = 0.0F;
  float gradient_scale = 1.0F;  ///< Clipping
};

/// Updates `n` parameters and their moments in place.
void adamw(const AdamwStep& step, std::size_t n, const float* gradients, float* parameters, float* first,
           float* second);

/// Sum of squares; n is a multiple of 16.
double sum_of_squares(const float* values, std::size_t n);

}  // namespace lyceum::kernels::training
