#include "kernels/training/expert_layer.hpp"

#include <array>
#include <cmath>

#include "base/check.hpp"
#include "kernels/training/bfloat16.hpp"
#include "kernels/training/lanes.hpp"

namespace lyceum::kernels::training {
namespace {

[[gnu::always_inline]] inline float sigmoid(float x) {
  return 1.0F / (1.0F + exp_lane(-x));
}

void choose(const RouterExtents& extents, const float* probabilities, std::int32_t* experts, float* weights) {
  std::array<bool, kMaxRoutedExperts> is_taken{};
  float sum = 0.0F;
  for (std::size_t rank = 0; rank < extents.top_k; ++rank) {
    std::size_t best = extents.num_experts;
    for (std::size_t expert = 0; expert < extents.num_experts; ++expert) {
      if (!is_taken[expert] && (best == extents.num_experts || probabilities[expert] > probabilities[best]))
        best = expert;
    }
    is_taken[best] = true;
    experts[rank] = static_cast<std::int32_t>(best);
    weights[rank] = probabilities[best];
    sum += probabilities[best];
  }
  for (std::size_t rank = 0; rank < extents.top_k; ++rank) weights[rank] /= sum;
}

}  // namespace

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void swiglu_forward(const SwigluRows& rows,
                                                                                const float* products,
                                                                                std::size_t products_stride,
                                                                                Bf16* gate_up, Bf16* inner) {
  const std::size_t n = rows.num_inner;
  for (std::size_t row = 0; row < rows.num_rows; ++row) {
    const float* const gate = products + row * products_stride;
    const float* const up = gate + n;
    Bf16* const kept = gate_up + row * rows.gate_up_stride;
    Bf16* const out = inner + row * rows.inner_stride;
    for (std::size_t i = 0; i < n; ++i) {
      kept[i] = bf16_of(gate[i]);
      kept[n + i] = bf16_of(up[i]);
      out[i] = bf16_of(gate[i] * sigmoid(gate[i]) * up[i]);
    }
  }
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void swiglu_backward(
    const SwigluRows& rows, const Bf16* gate_up, const float* dinner, std::size_t dinner_stride,
    Bf16* dgate_up, Bf16* inner) {
  const std::size_t n = rows.num_inner;
  for (std::size_t row = 0; row < rows.num_rows; ++row) {
    const Bf16* const kept = gate_up + row * rows.gate_up_stride;
    Bf16* const gradient = dgate_up + row * rows.gate_up_stride;
    const float* const dout = dinner + row * dinner_stride;
    Bf16* const out = inner + row * rows.inner_stride;
    for (std::size_t i = 0; i < n; ++i) {
      const float gate = f32_of(kept[i]);
      const float up = f32_of(kept[n + i]);
      const float share = sigmoid(gate);
      const float silu = gate * share;
      out[i] = bf16_of(silu * up);
      gradient[i] = bf16_of(dout[i] * up * (share + silu * (1.0F - share)));
      gradient[n + i] = bf16_of(dout[i] * silu);
    }
  }
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void route_forward(const RouterExtents& extents,
                                                                               TokenRange range,
                                                                               const Bf16* x,
                                                                               const float* router,
                                                                               const RouterState& state) {
  const std::size_t num_experts = extents.num_experts;
  LYCEUM_CHECK(num_experts <= kMaxRoutedExperts && extents.top_k <= kMaxTopK && extents.top_k <= num_experts);
  for (std::size_t token = range.first; token < range.last; ++token) {
    const Bf16* const row = x + token * extents.num_hidden;
    float* const p = state.probabilities + token * num_experts;
    for (std::size_t expert = 0; expert < num_experts; ++expert) {
      const float* const weight = router + expert * extents.num_hidden;
      Lanes lanes{};
      for (std::size_t i = 0; i < extents.num_hidden; i += kSumLanes) {
        for (std::size_t lane = 0; lane < kSumLanes; ++lane)
          lanes[lane] += f32_of(row[i + lane]) * weight[i + lane];
      }
      p[expert] = sum_of(lanes);
    }
    float most = p[0];
    for (std::size_t expert = 1; expert < num_experts; ++expert) most = p[expert] > most ? p[expert] : most;
    float sum = 0.0F;
    for (std::size_t expert = 0; expert < num_experts; ++expert) {
      p[expert] = exp_lane(p[expert] - most);
      sum += p[expert];
    }
    for (std::size_t expert = 0; expert < num_experts; ++expert) p[expert] /= sum;
    state.log_sums[token] = most + std::log(sum);
    choose(extents, p, state.experts + token * extents.route_stride,
           state.weights + token * extents.route_stride);
  }
}

void route_backward(const RouterExtents& extents, TokenRange range, const RouterState& state,
                    const RouterLoss& loss, const float* dweights, float* dlogits) {
  const std::size_t num_experts = extents.num_experts;
  const auto num_tokens = static_cast<float>(extents.num_tokens);
  const float balance = loss.balance * static_cast<float>(num_experts) / num_tokens;
  for (std::size_t token = range.first; token < range.last; ++token) {
    const float* const p = state.probabilities + token * num_experts;
    const std::int32_t* const chosen = state.experts + token * extents.route_stride;
    const float* const weights = state.weights + token * extents.route_stride;
    const float* const dweight = dweights + token * extents.route_stride;
    float* const out = dlogits + token * num_experts;
    float chosen_sum = 0.0F;
    float mean = 0.0F;
    for (std::size_t rank = 0; rank < extents.top_k; ++rank) {
      chosen_sum += p[chosen[rank]];
      mean += dweight[rank] * weights[rank];
    }
    for (std::size_t expert = 0; expert < num_experts; ++expert)
      out[expert] = balance * loss.choice_shares[expert];
    for (std::size_t rank = 0; rank < extents.top_k; ++rank)
      out[chosen[rank]] += (dweight[rank] - mean) / chosen_sum;
    float weighted = 0.0F;
    for (std::size_t expert = 0; expert < num_experts; ++expert) weighted += out[expert] * p[expert];
    const float z = 2.0F * loss.z * state.log_sums[token] / num_tokens;
    for (std::size_t expert = 0; expert < num_experts; ++expert)
      out[expert] = p[expert] * (out[expert] - weighted + z);
  }
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void route_backward_input(
    const RouterExtents& extents, TokenRange range, const float* dlogits, const float* router, float* dx) {
  const std::size_t n = extents.num_hidden;
  for (std::size_t token = range.first; token < range.last; ++token) {
    float* const out = dx + token * n;
    for (std::size_t expert = 0; expert < extents.num_experts; ++expert) {
      const float gradient = dlogits[token * extents.num_experts + expert];
      const float* const weight = router + expert * n;
      for (std::size_t i = 0; i < n; ++i) out[i] += gradient * weight[i];
    }
  }
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void route_backward_weight(
    const RouterExtents& extents, std::size_t expert, const float* dlogits, const Bf16* x,
    float* drouter_row) {
  const std::size_t n = extents.num_hidden;
  for (std::size_t token = 0; token < extents.num_tokens; ++token) {
    const float gradient = dlogits[token * extents.num_experts + expert];
    const Bf16* const row = x + token * n;
    for (std::size_t i = 0; i < n; ++i) drouter_row[i] += gradient * f32_of(row[i]);
  }
}

}  // namespace lyceum::kernels::training
