#include "kernels/training/packed_attention.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "kernels/training/bfloat16.hpp"
#include "kernels/training/lanes.hpp"

namespace lyceum::kernels::training {
namespace {

/// Keeps rows of a power of two apart from falling on the same lines of the first cache.
constexpr std::size_t kStridePadding = 32;

template <class T>
void grow(std::vector<T>& values, std::size_t size) {
  if (values.size() < size) values.resize(size);
}

[[gnu::always_inline]] inline float max_of(const float* values, std::size_t n) {
  Lanes lanes;
  lanes.fill(-3e38F);
  for (std::size_t i = 0; i < n; i += kSumLanes) {
    for (std::size_t lane = 0; lane < kSumLanes; ++lane)
      lanes[lane] = values[i + lane] > lanes[lane] ? values[i + lane] : lanes[lane];
  }
  float most = lanes[0];
  for (const float lane : lanes) most = std::max(most, lane);
  return most;
}

/// Softmax over the first `num_seen` of `num_keys` scores (a multiple of 32); the others become 0. Returns
/// the logarithm of the sum.
[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] float softmax_shares(float* scores,
                                                                                 std::size_t num_seen,
                                                                                 std::size_t num_keys,
                                                                                 Bf16* shares) {
  for (std::size_t i = num_seen; i < num_keys; ++i) scores[i] = -3e38F;
  const float most = max_of(scores, num_keys);
  Lanes lanes{};
  for (std::size_t i = 0; i < num_keys; i += kSumLanes) {
    for (std::size_t lane = 0; lane < kSumLanes; ++lane) {
      const float e = exp_lane(scores[i + lane] - most);
      scores[i + lane] = e;
      lanes[lane] += e;
    }
  }
  const float sum = sum_of(lanes);
  const float inverse = 1.0F / sum;
  for (std::size_t i = 0; i < num_keys; ++i) shares[i] = bf16_of(scores[i] * inverse);
  for (std::size_t i = num_seen; i < num_keys; ++i) shares[i] = 0;
  return most + std::log(sum);
}

/// Shares again from scores, and the gradient by the scores: p (dp - mean).
[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] void score_gradients(
    const float* scores, const float* dshares, float log_sum, float mean, std::size_t num_seen,
    std::size_t num_keys, Bf16* shares, Bf16* dscores) {
  for (std::size_t i = 0; i < num_keys; ++i) {
    const float share = exp_lane(scores[i] - log_sum);
    shares[i] = bf16_of(share);
    dscores[i] = bf16_of(share * (dshares[i] - mean));
  }
  for (std::size_t i = num_seen; i < num_keys; ++i) {
    shares[i] = 0;
    dscores[i] = 0;
  }
}

[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] float dot_bf16(const Bf16* a, const Bf16* b,
                                                                           std::size_t n) {
  Lanes lanes{};
  for (std::size_t i = 0; i < n; i += kSumLanes) {
    for (std::size_t lane = 0; lane < kSumLanes; ++lane)
      lanes[lane] += f32_of(a[i + lane]) * f32_of(b[i + lane]);
  }
  return sum_of(lanes);
}

}  // namespace

void AttentionScratch::reserve(const AttentionExtents& extents) {
  const std::size_t rows = extents.padded_rows();
  const std::size_t head = rows * extents.head_dim;
  const std::size_t stride = rows + kStridePadding;
  grow(scores_, kGemmTile * stride);
  grow(score_gradients_, kGemmTile * stride);
  grow(mixed_, kGemmTile * extents.head_dim);
  for (auto* const shares : {&shares_, &shares_gradient_, &packed_shares_, &packed_shares_gradient_})
    grow(*shares, rows * stride);
  for (auto* const heads :
       {&keys_transposed_, &keys_, &values_transposed_, &values_, &queries_, &out_gradients_})
    grow(*heads, head);
}

DocumentAttention::DocumentAttention(const Gemm& gemm, const AttentionExtents& extents,
                                     AttentionScratch& scratch)
    : gemm_(gemm), extents_(extents), padded_(extents.padded_rows()), scratch_(scratch) {
  LYCEUM_CHECK(extents.num_rows > 0 && extents.head_dim % kGemmTile == 0);
  scratch_.reserve(extents);
}

std::size_t DocumentAttention::num_keys_of(std::size_t tile) const {
  return extents_.is_causal ? tile + kGemmTile : padded_;
}

void DocumentAttention::take_keys(const Bf16* keys, const Bf16* values) {
  const std::size_t dim = extents_.head_dim;
  pack_transposed(keys, dim, padded_, dim, scratch_.keys_transposed_.data());
  pack(keys, dim, padded_, dim, scratch_.keys_.data());
  pack_transposed(values, dim, padded_, dim, scratch_.values_transposed_.data());
  pack(values, dim, padded_, dim, scratch_.values_.data());
}

void DocumentAttention::forward(const Bf16* queries, Bf16* out, std::size_t out_stride, float* log_sum) {
  const std::size_t dim = extents_.head_dim;
  const std::size_t stride = padded_ + kStridePadding;
  for (std::size_t tile = 0; tile < padded_; tile += kGemmTile) {
    const std::size_t num_keys = num_keys_of(tile);
    const std::size_t num_rows = std::min(kGemmTile, extents_.num_rows - tile);
    float* const scores = scratch_.scores_.data();
    Bf16* const shares = scratch_.shares_.data();
    gemm_.multiply({kGemmTile, num_keys, dim}, queries + tile * dim, dim, scratch_.keys_transposed_.data(),
                   scores, stride, false);
    for (std::size_t row = 0; row < num_rows; ++row) {
      const std::size_t num_seen = extents_.is_causal ? tile + row + 1 : extents_.num_rows;
      log_sum[tile + row] = softmax_shares(scores + row * stride, num_seen, num_keys, shares + row * stride);
    }
    for (std::size_t row = num_rows; row < kGemmTile; ++row)
      std::fill_n(shares + row * stride, num_keys, Bf16{0});
    for (std::size_t column = 0; column < dim; column += kGemmTile)
      gemm_.multiply({kGemmTile, kGemmTile, num_keys}, shares, stride,
                     scratch_.values_.data() + column * padded_, scratch_.mixed_.data() + column, dim, false);
    for (std::size_t row = 0; row < num_rows; ++row) {
      for (std::size_t i = 0; i < dim; ++i)
        out[(tile + row) * out_stride + i] = bf16_of(scratch_.mixed_[row * dim + i]);
    }
  }
}

void DocumentAttention::share_gradients(std::size_t tile, const Bf16* out, std::size_t out_stride,
                                        const float* log_sum, const Bf16* out_gradient) {
  const std::size_t dim = extents_.head_dim;
  const std::size_t stride = padded_ + kStridePadding;
  const std::size_t num_keys = num_keys_of(tile);
  const std::size_t num_rows = std::min(kGemmTile, extents_.num_rows - tile);
  for (std::size_t row = 0; row < num_rows; ++row) {
    const std::size_t at = tile + row;
    const std::size_t num_seen = extents_.is_causal ? at + 1 : extents_.num_rows;
    const float mean = dot_bf16(out_gradient + at * dim, out + at * out_stride, dim);
    score_gradients(scratch_.scores_.data() + row * stride, scratch_.score_gradients_.data() + row * stride,
                    log_sum[at], mean, num_seen, num_keys, scratch_.shares_.data() + at * stride,
                    scratch_.shares_gradient_.data() + at * stride);
  }
  for (std::size_t at = tile + num_rows; at < tile + kGemmTile; ++at) {
    std::fill_n(scratch_.shares_.data() + at * stride, num_keys, Bf16{0});
    std::fill_n(scratch_.shares_gradient_.data() + at * stride, num_keys, Bf16{0});
  }
}

void DocumentAttention::backward(const Bf16* queries, const Bf16* out, std::size_t out_stride,
                                 const float* log_sum, const Bf16* out_gradient,
                                 const HeadGradients& gradients) {
  const std::size_t dim = extents_.head_dim;
  const std::size_t stride = padded_ + kStridePadding;
  pack(queries, dim, padded_, dim, scratch_.queries_.data());
  pack(out_gradient, dim, padded_, dim, scratch_.out_gradients_.data());
  for (std::size_t tile = 0; tile < padded_; tile += kGemmTile) {
    const std::size_t num_keys = num_keys_of(tile);
    gemm_.multiply({kGemmTile, num_keys, dim}, queries + tile * dim, dim, scratch_.keys_transposed_.data(),
                   scratch_.scores_.data(), stride, false);
    gemm_.multiply({kGemmTile, num_keys, dim}, out_gradient + tile * dim, dim,
                   scratch_.values_transposed_.data(), scratch_.score_gradients_.data(), stride, false);
    share_gradients(tile, out, out_stride, log_sum, out_gradient);
    for (std::size_t column = 0; column < dim; column += kGemmTile)
      gemm_.multiply({kGemmTile, kGemmTile, num_keys}, scratch_.shares_gradient_.data() + tile * stride,
                     stride, scratch_.keys_.data() + column * padded_,
                     gradients.queries + tile * dim + column, dim, false);
  }
  for (std::size_t key = 0; key < padded_; key += kGemmTile) {
    const std::size_t first = extents_.is_causal ? key : 0;
    const std::size_t depth = padded_ - first;
    pack(scratch_.shares_.data() + first * stride + key, stride, depth, kGemmTile,
         scratch_.packed_shares_.data());
    pack(scratch_.shares_gradient_.data() + first * stride + key, stride, depth, kGemmTile,
         scratch_.packed_shares_gradient_.data());
    for (std::size_t column = 0; column < dim; column += kGemmTile) {
      const std::size_t panel = column * padded_ + first * kGemmTile;
      gemm_.multiply_transposed({kGemmTile, kGemmTile, depth}, scratch_.packed_shares_.data(),
                                scratch_.out_gradients_.data() + panel, gradients.values + key * dim + column,
                                dim, true);
      gemm_.multiply_transposed({kGemmTile, kGemmTile, depth}, scratch_.packed_shares_gradient_.data(),
                                scratch_.queries_.data() + panel, gradients.keys + key * dim + column, dim,
                                true);
    }
  }
}

}  // namespace lyceum::kernels::training
