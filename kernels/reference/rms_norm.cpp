#include "kernels/rms_norm.hpp"

#include <cmath>

#include "base/check.hpp"
#include "kernels/dot.hpp"

namespace lyceum::kernels::reference {

void rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon, std::span<float> y) {
  const std::size_t length = weight.size();
  LYCEUM_CHECK(length > 0 && x.size() % length == 0 && x.size() == y.size());
  for (std::size_t start = 0; start < x.size(); start += length) {
    const auto row = x.subspan(start, length);
    const float mean_square = dot(row, row) / static_cast<float>(length) + epsilon;
    const float inverse = 1.0F / std::sqrt(mean_square);
    for (std::size_t i = 0; i < length; ++i) y[start + i] = (row[i] * inverse) * weight[i];
  }
}

}  // namespace lyceum::kernels::reference
