#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "kernels/attention.hpp"
#include "kernels/isa.hpp"
#include "kernels/moe_experts.hpp"
#include "kernels/weight_matrix.hpp"

namespace lyceum::kernels {

/// One of several weight matrices that are multiplied with the same activations.
struct Product {
  WeightMatrix weight{};
  std::span<float> y{};  ///< [num_tokens, weight.num_outputs], out
};

/// A token's query, what it sees and where the result goes.
struct AttentionQuery {
  std::span<const float> query{};  ///< [num_heads, key_dim]
  KeyValueView seen{};
  std::span<float> out{};  ///< [num_heads, value_dim]
};

/// What a forward pass computes with: the reference itself or the kernels of a processor. All give the bits
/// of the reference functions, whatever the number of threads. Holds its working memory: one call at a time.
class Operations {
 public:
  virtual ~Operations() = default;

  /// work(i) for every i below `count`, perhaps at the same time.
  virtual void for_each(std::size_t count, const std::function<void(std::size_t)>& work) = 0;

  /// `reference::matmul` of x with each of `products`.
  virtual void matmul(std::size_t num_tokens, std::span<const float> x,
                      std::span<const Product> products) = 0;

  /// `reference::rms_norm`; in place is allowed.
  virtual void rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon,
                        std::span<float> y) = 0;

  /// `reference::swiglu`.
  virtual void swiglu(std::span<float> gate, std::span<const float> up) = 0;

  /// `reference::attention` of each query. Neighbours that see the same pages are computed together.
  virtual void attention(const AttentionShape& shape, std::span<const AttentionQuery> queries) = 0;

  /// `reference::moe_experts`.
  virtual void moe_experts(const ExpertsShape& shape, const ExpertWeights& weights,
                           const ExpertRoutes& routes, std::span<const float> x, std::span<float> y) = 0;
};

/// On the calling thread.
std::unique_ptr<Operations> make_reference_operations();

/// `isa` is one of available_isas(), num_threads >= 1.
std::unique_ptr<Operations> make_cpu_operations(Isa isa, std::size_t num_threads);

}  // namespace lyceum::kernels
