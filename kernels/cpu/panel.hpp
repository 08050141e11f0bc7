#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/dot.hpp"

namespace lyceum::kernels::cpu {

/// Values of a row that are unpacked at a time: small enough for the first cache.
constexpr std::size_t kPanelDepth = 512;

/// Sixteen rows of quantised weights with one row a lane, the same for every type. The factors and scales are
/// those of `reference::weight_group`. Four neighbours of a row share a lane of `codes`, the first in the
/// lowest byte.
struct alignas(64) Panel {
  std::int32_t codes[kPanelDepth / 4][kLanes];
  /// A factor a block of 32; or a superblock's factor and then that of its minimums.
  float factors[kPanelDepth / 32][kLanes];
  std::int32_t scales[kPanelDepth / 16][kLanes];  ///< Of a group
  /// Two neighbours in 16 bits each, multiplied with sums of activations: minimums, or the scales of Q6_K,
  /// whose codes are kept unsigned.
  std::int32_t pairs[kPanelDepth / 32][kLanes];
};

/// Panels that tokens pass together at most.
constexpr std::size_t kPanelsMax = 2;

/// A thread's own, reused.
struct PanelScratch {
  Panel panels[kPanelsMax];
};

}  // namespace lyceum::kernels::cpu
