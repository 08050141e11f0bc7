#pragma once

#include <span>
#include <vector>

namespace lyceum::model {

/// Jensen-Shannon divergence of softmax(a) and softmax(b), in bits: 0 (equal) to 1.
double jensen_shannon_divergence(std::span<const float> a, std::span<const float> b);

/// (1 + weight) with - weight without. Tokens that are all but impossible with the context stay so: those
/// below a tenth of its best probability come last, in its order (Li et al. 2022, arXiv:2210.15097).
std::vector<float> contrasted(std::span<const float> with, std::span<const float> without, double weight);

}  // namespace lyceum::model
