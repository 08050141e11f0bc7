#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace lyceum::model {

/// Normalised mean square error: squared error over squared size.
inline double nmse(std::span<const float> actual, const std::vector<double>& exact) {
  double error = 0.0;
  double size = 0.0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double difference = static_cast<double>(actual[i]) - exact[i];
    error += difference * difference;
    size += exact[i] * exact[i];
  }
  return error / size;
}

}  // namespace lyceum::model
