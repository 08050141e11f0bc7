#pragma once

#include <cstddef>
#include <span>

namespace lyceum::kernels {

/// Tokens a page of keys and values holds, and the fixed split of the sum over them: a result never depends
/// on how the work was shared out.
constexpr std::size_t kAttentionPage = 64;

/// Query heads share key heads in equal groups (grouped-query attention, arXiv:2305.13245); multi-head latent
/// attention (arXiv:2405.04434, absorbed form) is one key head whose values are the front of its keys.
struct AttentionShape {
  std::size_t num_heads;     ///< A multiple of num_kv_heads
  std::size_t num_kv_heads;  ///< >= 1
  std::size_t key_dim;
  std::size_t value_dim;
  std::size_t key_stride;    ///< Values from a token's keys to the next token's
  std::size_t value_stride;  ///< … and of the values
  float scale;               ///< Of the scores, usually 1 / sqrt(key_dim)
};

/// The tokens one query sees: token j is row j % 64 of page j / 64; a row holds its heads one after the
/// other.
struct KeyValueView {
  std::span<const float* const> key_pages{};
  std::span<const float* const> value_pages{};
  std::size_t num_keys = 0;  ///< >= 1
};

namespace reference {

/// Softmax-weighted values of one query token.
///
///   query  [num_heads, key_dim]    f32, finite
///   out    [num_heads, value_dim]  out
/// Order, for each head: page by page in rising order: scores dot(q, k) * scale, their maximum m, e =
/// exp_f32(score
/// - m), l = `sum` of the e, o[d] = e * v[d] summed in rising token order. Pages are merged in rising
/// order: M = max(m, m'), l = l exp_f32(m - M) + l' exp_f32(m' - M), o likewise. The result is o / l. Source:
/// Dao et al. 2022, arXiv:2205.14135, algorithm 1.
void attention(const AttentionShape& shape, std::span<const float> query, const KeyValueView& seen,
               std::span<float> out);

}  // namespace reference
}  // namespace lyceum::kernels
