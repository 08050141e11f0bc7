#include "kernels/dot.hpp"

#include <array>

#include "base/check.hpp"

namespace lyceum::kernels::reference {
namespace {

float fold(std::array<float, kLanes>& lanes) {
  for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

}  // namespace

float dot(std::span<const float> a, std::span<const float> b) {
  LYCEUM_CHECK(a.size() == b.size());
  std::array<float, kLanes> lanes{};
  std::size_t start = 0;
  for (; start + kLanes <= a.size(); start += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[start + lane] * b[start + lane];
  }
  for (std::size_t lane = 0; start + lane < a.size(); ++lane)
    lanes[lane] += a[start + lane] * b[start + lane];
  return fold(lanes);
}

float sum(std::span<const float> values) {
  std::array<float, kLanes> lanes{};
  for (std::size_t i = 0; i < values.size(); ++i) lanes[i % kLanes] += values[i];
  return fold(lanes);
}

}  // namespace lyceum::kernels::reference
