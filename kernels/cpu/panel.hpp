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
  std::int32_t mins[kPanelDepth / 64][kLanes];    ///< Of two neighbouring groups, in 16 bits each
};

/// Panels that tokens pass together at most.
constexpr std::size_t kPanelsMax = 4;

/// Tokens that pass tile registers together: two tiles of them.
constexpr std::size_t kTileTokens = 32;
/// Values of a row that pass them before f32 takes over: with the panels' they fill the first cache.
constexpr std::size_t kTileDepth = 256;

/// Blocks of 32 whose sums wait for f32 together.
constexpr std::size_t kSumBlocks = 4;

/// What tile registers read and write.
struct alignas(64) TileScratch {
  /// Codes times scales of a panel's superblock in two digits, in the layout of Panel::codes.
  std::int32_t digits[kPanelsMax][2][kTileDepth / 4][kLanes];
  std::int8_t values[kTileTokens][kTileDepth];
  /// Of tokens with two tiles of weights.
  std::int32_t sums[kSumBlocks][2][kTileTokens][kLanes];
};

/// A thread's own, reused.
struct PanelScratch {
  Panel panels[kPanelsMax];
  TileScratch tiles;
};

}  // namespace lyceum::kernels::cpu
