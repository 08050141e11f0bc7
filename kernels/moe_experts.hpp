#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/weight_matrix.hpp"

namespace lyceum::kernels {

struct ExpertsShape {
  std::size_t num_experts;
  std::size_t num_hidden;  ///< Width of the input and the output
  std::size_t num_inner;   ///< Width between the two products
};

/// One layer's experts, one below the other: gate and up have num_experts * num_inner rows of num_hidden
/// inputs, down num_experts * num_hidden rows of num_inner.
struct ExpertWeights {
  WeightMatrix gate{};
  WeightMatrix up{};
  WeightMatrix down{};
};

/// Which experts each token uses. Token t's routes are first[t] .. first[t + 1]; their number may differ by
/// token.
struct ExpertRoutes {
  std::span<const std::size_t> first{};  ///< [num_tokens + 1], rising from 0
  std::span<const std::int32_t> experts{};
  std::span<const float> weights{};
};

/// Routes by expert: expert e's are route_of_slot[first_slot[e]] .. route_of_slot[first_slot[e + 1]].
struct ExpertGroups {
  std::vector<std::size_t> first_slot{};  ///< [num_experts + 1]
  std::vector<std::size_t> route_of_slot{};
  std::vector<std::size_t> slot_of_route{};
};

/// Groups routes by expert, by rising route within each. Every id is in 0..num_experts - 1.
/// Reuses what `groups` holds.
void group_by_expert(std::size_t num_experts, std::span<const std::int32_t> experts, ExpertGroups& groups);

namespace reference {

/// The weighted sum of each token's experts, each down(swiglu(gate x, up x)).
///
///   x, y  [num_tokens, num_hidden]  f32; y is out and does not overlap x
/// Order: products as in `matmul`; y[t] = w0 e0 + w1 e1 + … in the order of the routes, products and sums
/// rounded apart. Tokens are gathered by expert, so that an expert's weights are read once; that changes no
/// bit. Source: Gale et al. 2022, arXiv:2211.15841 (the grouping); Shazeer et al. 2017, arXiv:1701.06538,
/// eq. 2.
void moe_experts(const ExpertsShape& shape, const ExpertWeights& weights, const ExpertRoutes& routes,
                 std::span<const float> x, std::span<float> y);

}  // namespace reference
}  // namespace lyceum::kernels
