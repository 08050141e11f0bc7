#pragma once

#include <cstddef>
#include <vector>

#include "kernels/training/gemm.hpp"

namespace lyceum::kernels::training {

/// Attention of one group of query heads that share a key head, within one document of `num_rows` tokens.
/// Documents are attended one by one, so tokens never see another document.
struct AttentionExtents {
  std::size_t num_rows = 0;   ///< Tokens; any number >= 1
  std::size_t head_dim = 0;   ///< A multiple of 32
  std::size_t num_heads = 0;  ///< Query heads of the group
  bool is_causal = true;      ///< Else every token sees the whole document

  /// Rows as products want them.
  std::size_t padded_rows() const { return (num_rows + kGemmTile - 1) / kGemmTile * kGemmTile; }
};

/// Buffers of one thread, grown as needed.
class AttentionScratch {
 public:
  void reserve(const AttentionExtents& extents);

 private:
  friend class DocumentAttention;

  std::vector<float> scores_{};
  std::vector<float> score_gradients_{};
  std::vector<float> mixed_{};
  std::vector<Bf16> shares_{};
  std::vector<Bf16> shares_gradient_{};
  std::vector<Bf16> packed_shares_{};
  std::vector<Bf16> packed_shares_gradient_{};
  std::vector<Bf16> keys_transposed_{};
  std::vector<Bf16> keys_{};
  std::vector<Bf16> values_transposed_{};
  std::vector<Bf16> values_{};
  std::vector<Bf16> queries_{};
  std::vector<Bf16> out_gradients_{};
};

/// softmax(Q K^T) V and its gradient. Queries carry the scale. All operands have padded_rows() rows; rows
/// beyond num_rows are zero.
class DocumentAttention {
 public:
  DocumentAttention(const Gemm& gemm, const AttentionExtents& extents, AttentionScratch& scratch);

  /// Takes keys and values [padded rows, head_dim] at once for all heads of the group.
  void take_keys(const Bf16* keys, const Bf16* values);

  /// One head.
  ///   queries  [padded rows, head_dim] dense
  ///   out      [num_rows, head_dim] at out_stride, bf16
  ///   log_sum  [num_rows], for the way back
  void forward(const Bf16* queries, Bf16* out, std::size_t out_stride, float* log_sum);

  struct HeadGradients {
    float* queries = nullptr;  ///< [padded rows, head_dim], overwritten
    float* keys = nullptr;     ///< Added to
    float* values = nullptr;   ///< Added to
  };

  /// `out_gradient` [padded rows, head_dim] dense; `out` and `log_sum` as forward() left them.
  void backward(const Bf16* queries, const Bf16* out, std::size_t out_stride, const float* log_sum,
                const Bf16* out_gradient, const HeadGradients& gradients);

 private:
  std::size_t num_keys_of(std::size_t tile) const;
  void share_gradients(std::size_t tile, const Bf16* out, std::size_t out_stride, const float* log_sum,
                       const Bf16* out_gradient);

  const Gemm& gemm_;
  AttentionExtents extents_;
  std::size_t padded_;
  AttentionScratch& scratch_;
};

}  // namespace lyceum::kernels::training
