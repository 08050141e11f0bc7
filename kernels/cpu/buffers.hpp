#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/cpu/panel.hpp"
#include "kernels/int8_blocks.hpp"

namespace lyceum::kernels::cpu {

/// Outputs that a thread takes at a time.
constexpr std::size_t kRowsPerItem = 4 * kLanes;

constexpr std::size_t items_of(std::size_t count, std::size_t per_item = kRowsPerItem) {
  return (count + per_item - 1) / per_item;
}

/// The front of a buffer that grows only, so that it settles at the largest batch.
template <class T>
std::span<T> room(std::vector<T>& buffer, std::size_t size) {
  if (buffer.size() < size) buffer.resize(size);
  return std::span(buffer).first(size);
}

}  // namespace lyceum::kernels::cpu
