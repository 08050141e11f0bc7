#include "kernels/softmax.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "kernels/dot.hpp"
#include "kernels/elementary.hpp"

namespace lyceum::kernels::reference {

void softmax(std::span<float> row) {
  LYCEUM_CHECK(!row.empty());
  const float top = *std::max_element(row.begin(), row.end());
  for (float& value : row) value = exp_f32(value - top);
  const float total = sum(row);
  for (float& value : row) value /= total;
}

}  // namespace lyceum::kernels::reference
