#pragma once

#include "kernels/cuda/context.cuh"
#include "kernels/cuda/weights.cuh"

namespace lyceum::kernels::cuda {

constexpr int kPage = 64;

/// What two sums count for when they become one.
struct Shares {
  float old_share;
  float new_share;
};

LYCEUM_DEVICE Shares merged_shares(float old_top, float new_top) {
  const float top = larger(old_top, new_top);
  return {exponential(old_top - top), exponential(new_top - top)};
}

/// Top, total and values of a page's sum.
LYCEUM_DEVICE float* partial_of(const DeviceAttention& attention, int row, int head, int page) {
  const std::int64_t index =
      (std::int64_t{row} * attention.num_heads + head) * attention.num_pages_max + page;
  return attention.partials + index * (attention.value_dim + 2);
}

LYCEUM_DEVICE void put_value(const DeviceAttention& attention, Narrow kind, int row, int head, int index,
                             float value) {
  const int width = attention.num_heads * attention.value_dim;
  const int column = head * attention.value_dim + index;
  if (attention.out.wide != nullptr) attention.out.wide[std::int64_t{row} * width + column] = value;
  if (attention.out.narrow == nullptr) return;
  const int stride = narrow_stride(width);
  std::uint16_t* const narrow = attention.out.narrow + std::int64_t{row} * stride;
  narrow[column] = narrowed(kind, value);
  if (column == width - 1) {
    for (int i = width; i < stride; ++i) narrow[i] = 0;
  }
}

/// Values of a head that attention on matrix units takes at most.
constexpr int kNarrowHeadMax = 128;

/// Sums of the tiles, or their partials.
void launch_narrow_attention(DeviceContext* context, const DeviceAttention& attention);

/// Merges the partials of every row and head in rising order of the pages.
void launch_merge(DeviceContext* context, const DeviceAttention& attention);

}  // namespace lyceum::kernels::cuda
