#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/training/gemm.hpp"

namespace lyceum::kernels::training {

/// inner = silu(gate) * up for rows of [gate | up], 2 * num_inner values f32; keeps both as bf16 for the way
/// back. Strides are in values. Source: Shazeer 2020, arXiv:2002.05202, eq. 6.
struct SwigluRows {
  std::size_t num_rows = 0;
  std::size_t num_inner = 0;  ///< A multiple of 16
  std::size_t gate_up_stride = 0;
  std::size_t inner_stride = 0;
};

void swiglu_forward(const SwigluRows& rows, const float* products, std::size_t products_stride, Bf16* gate_up,
                    Bf16* inner);
/// From the gradient by `inner` (f32): the gradient by [gate | up], and `inner` once more.
void swiglu_backward(const SwigluRows& rows, const Bf16* gate_up, const float* dinner,
                     std::size_t dinner_stride, Bf16* dgate_up, Bf16* inner);

/// The choice of experts for a batch of tokens: softmax over all, the k highest, renormalised.
/// Losses: balance * num_experts * sum_e (share of choices of e) * (mean probability of e), shares over the
/// whole batch (Fedus et al. 2021, arXiv:2101.03961, eq. 4); z * mean(log sum exp^2) (Zoph et al. 2022,
/// arXiv:2202.08906, eq. 5).
struct RouterExtents {
  std::size_t num_tokens = 0;
  std::size_t num_hidden = 0;   ///< A multiple of 16
  std::size_t num_experts = 0;  ///< At most kMaxRoutedExperts
  std::size_t top_k = 1;
  std::size_t route_stride = 1;  ///< Values from a token's routes to the next token's, >= top_k
};

constexpr std::size_t kMaxRoutedExperts = 256;
constexpr std::size_t kMaxTopK = 16;

/// Tokens `first` .. `last` of a batch.
struct TokenRange {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// What a batch's routing leaves for the way back; borrowed buffers.
struct RouterState {
  float* probabilities = nullptr;   ///< [num_tokens, num_experts]
  float* log_sums = nullptr;        ///< [num_tokens]
  std::int32_t* experts = nullptr;  ///< [num_tokens, route_stride]
  float* weights = nullptr;         ///< [num_tokens, route_stride], sum 1
};

void route_forward(const RouterExtents& extents, TokenRange range, const Bf16* x, const float* router,
                   const RouterState& state);

struct RouterLoss {
  float balance = 0.0F;
  float z = 0.0F;
  std::span<const float> choice_shares{};  ///< [num_experts], of all choices of the batch
};

/// dlogits [num_tokens, num_experts] from dweights [num_tokens, route_stride].
void route_backward(const RouterExtents& extents, TokenRange range, const RouterState& state,
                    const RouterLoss& loss, const float* dweights, float* dlogits);
/// Adds dlogits * router to dx of the tokens in range.
void route_backward_input(const RouterExtents& extents, TokenRange range, const float* dlogits,
                          const float* router, float* dx);
/// Adds to one expert's row of the router what all tokens say, in their order.
void route_backward_weight(const RouterExtents& extents, std::size_t expert, const float* dlogits,
                           const Bf16* x, float* drouter_row);

}  // namespace lyceum::kernels::training
