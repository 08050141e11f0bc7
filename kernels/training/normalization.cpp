#include "kernels/training/normalization.hpp"

#include <array>
#include <cmath>

#include "base/check.hpp"
#include "kernels/training/bfloat16.hpp"
#include "kernels/training/lanes.hpp"

namespace lyceum::kernels::training {
namespace {

constexpr std::size_t kMaxHeadDim = 256;

using Head = std::array<float, kMaxHeadDim>;

[[gnu::always_inline]] inline float inverse_rms_of(const float* x, std::size_t n, float epsilon) {
  return 1.0F / std::sqrt(dot_lanes(x, x, n) / static_cast<float>(n) + epsilon);
}

}  // namespace

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void rms_norm_forward(
    const float* x, std::span<const float> weight, float epsilon, std::size_t num_rows, Bf16* y,
    float* inverse_rms) {
  const std::size_t n = weight.size();
  for (std::size_t row = 0; row < num_rows; ++row, x += n, y += n) {
    const float inverse = inverse_rms_of(x, n, epsilon);
    inverse_rms[row] = inverse;
    for (std::size_t i = 0; i < n; ++i) y[i] = bf16_of(x[i] * inverse * weight[i]);
  }
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void rms_norm_backward(
    const float* x, std::span<const float> weight, const float* inverse_rms, const float* dy,
    std::size_t num_rows, float* dx, float* dweight) {
  const std::size_t n = weight.size();
  for (std::size_t row = 0; row < num_rows; ++row, x += n, dy += n, dx += n) {
    const float inverse = inverse_rms[row];
    Lanes lanes{};
    for (std::size_t i = 0; i < n; i += kSumLanes) {
      for (std::size_t lane = 0; lane < kSumLanes; ++lane)
        lanes[lane] += dy[i + lane] * weight[i + lane] * x[i + lane];
    }
    const float mean = sum_of(lanes) * inverse / static_cast<float>(n);
    for (std::size_t i = 0; i < n; ++i) {
      const float unit = x[i] * inverse;
      dweight[i] += dy[i] * unit;
      dx[i] += inverse * (dy[i] * weight[i] - unit * mean);
    }
  }
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void head_norm_rope_forward(
    const Bf16* x, std::size_t x_stride, std::span<const float> weight, float epsilon, const RopeTable& table,
    float scale, std::size_t num_rows, Bf16* y) {
  const std::size_t n = weight.size();
  const std::size_t half = n / 2;
  LYCEUM_CHECK(n <= kMaxHeadDim && n % kSumLanes == 0);
  Head head;
  for (std::size_t row = 0; row < num_rows; ++row, x += x_stride, y += n) {
    for (std::size_t i = 0; i < n; ++i) head[i] = f32_of(x[i]);
    const float inverse = inverse_rms_of(head.data(), n, epsilon) * scale;
    for (std::size_t i = 0; i < n; ++i) head[i] = head[i] * inverse * weight[i];
    const float* const cosine = table.cosines + row * half;
    const float* const sine = table.sines + row * half;
    for (std::size_t i = 0; i < half; ++i) {
      y[i] = bf16_of(head[i] * cosine[i] - head[half + i] * sine[i]);
      y[half + i] = bf16_of(head[half + i] * cosine[i] + head[i] * sine[i]);
    }
  }
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void head_norm_rope_backward(
    const Bf16* x, std::size_t x_stride, std::span<const float> weight, float epsilon, const RopeTable& table,
    float scale, std::size_t num_rows, const float* dy, Bf16* dx, float* dweight) {
  const std::size_t n = weight.size();
  const std::size_t half = n / 2;
  LYCEUM_CHECK(n <= kMaxHeadDim && n % kSumLanes == 0);
  Head head;
  Head gradient;
  for (std::size_t row = 0; row < num_rows; ++row, x += x_stride, dx += x_stride, dy += n) {
    for (std::size_t i = 0; i < n; ++i) head[i] = f32_of(x[i]);
    const float inverse = inverse_rms_of(head.data(), n, epsilon);
    const float* const cosine = table.cosines + row * half;
    const float* const sine = table.sines + row * half;
    for (std::size_t i = 0; i < half; ++i) {
      gradient[i] = (dy[i] * cosine[i] + dy[half + i] * sine[i]) * scale;
      gradient[half + i] = (dy[half + i] * cosine[i] - dy[i] * sine[i]) * scale;
    }
    for (std::size_t i = 0; i < n; ++i) {
      head[i] *= inverse;
      dweight[i] += gradient[i] * head[i];
      gradient[i] *= weight[i];
    }
    const float mean = dot_lanes(gradient.data(), head.data(), n) / static_cast<float>(n);
    for (std::size_t i = 0; i < n; ++i) dx[i] = bf16_of(inverse * (gradient[i] - head[i] * mean));
  }
}

}  // namespace lyceum::kernels::training
