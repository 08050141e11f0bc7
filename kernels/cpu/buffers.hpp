#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/cpu/panel.hpp"
#include "kernels/int8_blocks.hpp"

namespace lyceum::kernels::cpu {

/// Outputs that a thread takes at a time.
constexpr std::size_t kRowsPerItem = 4 * kLanes;

/// For a few tokens reading is the work, and long streams are read faster: as many as leave every thread
/// several items to take.
constexpr std::size_t rows_per_item(std::size_t num_rows, std::size_t num_tokens, std::size_t num_threads) {
  constexpr std::size_t kFewTokens = 4;
  constexpr std::size_t kMost = 4 * kRowsPerItem;
  if (num_tokens > kFewTokens) return kRowsPerItem;
  const std::size_t fair = num_rows / (8 * num_threads) / kRowsPerItem * kRowsPerItem;
  return fair < kRowsPerItem ? kRowsPerItem : fair < kMost ? fair : kMost;
}

constexpr std::size_t items_of(std::size_t count, std::size_t per_item) {
  return (count + per_item - 1) / per_item;
}

/// The front of a buffer that grows only, so that it settles at the largest batch.
template <class T>
std::span<T> room(std::vector<T>& buffer, std::size_t size) {
  if (buffer.size() < size) buffer.resize(size);
  return std::span(buffer).first(size);
}

}  // namespace lyceum::kernels::cpu
