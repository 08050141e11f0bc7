#include "kernels/training/adamw.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/training/lanes.hpp"

namespace lyceum::kernels::training {

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void adamw(const AdamwStep& step, std::size_t n,
                                                                       const float* gradients,
                                                                       float* parameters, float* first,
                                                                       float* second) {
  const auto count = static_cast<double>(step.step);
  const auto correct1 = static_cast<float>(1.0 / (1.0 - std::pow(static_cast<double>(step.beta1), count)));
  const auto correct2 = static_cast<float>(1.0 / (1.0 - std::pow(static_cast<double>(step.beta2), count)));
  for (std::size_t i = 0; i < n; ++i) {
    const float gradient = gradients[i] * step.gradient_scale;
    first[i] = step.beta1 * first[i] + (1.0F - step.beta1) * gradient;
    second[i] = step.beta2 * second[i] + (1.0F - step.beta2) * gradient * gradient;
    const float update = first[i] * correct1 / (std::sqrt(second[i] * correct2) + step.epsilon);
    parameters[i] -= step.learning_rate * (update + step.weight_decay * parameters[i]);
  }
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] double sum_of_squares(const float* values,
                                                                                  std::size_t n) {
  constexpr std::size_t kRun = 4096;
  double sum = 0.0;
  for (std::size_t i = 0; i < n; i += kRun)
    sum += static_cast<double>(dot_lanes(values + i, values + i, std::min(kRun, n - i)));
  return sum;
}

}  // namespace lyceum::kernels::training
