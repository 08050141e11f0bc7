// Products of f32 weights: a warp an output, for up to eight tokens at a time. For routers, small models and
// checks; what is large has 16 bits or fewer.
#include "kernels/cuda/products.cuh"

namespace lyceum::kernels::cuda {
namespace {

constexpr int kWarps = 4;
constexpr int kTokens = kDeviceFewRows;

/// Order: lane l sums inputs l, l + 32, … with fused steps; then sum_of_warp.
LYCEUM_KERNEL multiply_wide(ProductJob job) {
  const ProductPart part = part_of_block(job);
  const Tile tile = tile_at(job, part, block_y(), kTokens);
  const int output = (block_x() - part.first_block) * kWarps + thread() / 32;
  if (tile.weights == nullptr || output >= part.num_outputs) return;
  const auto* const weights = reinterpret_cast<const float*>(tile.weights + output * job.row_bytes);
  const float* rows[kTokens];
  float sums[kTokens];
  for (int token = 0; token < kTokens; ++token) {
    const int slot = tile.first + smaller(token, tile.count - 1);
    rows[token] = job.wide + row_of_slot(job, slot) * job.wide_stride;
    sums[token] = 0.0F;
  }
  for (int i = thread() % 32; i < job.num_inputs; i += 32) {
    const float weight = weights[i];
    for (int token = 0; token < kTokens; ++token) {
      if (token < tile.count) sums[token] = fmaf(weight, rows[token][i], sums[token]);
    }
  }
  for (int token = 0; token < kTokens; ++token) {
    const float sum = sum_of_warp(sums[token]);
    if (thread() % 32 == 0) put(part, tile, token, output, sum);
  }
}

}  // namespace

void launch_wide(DeviceContext* context, ProductJob job, int num_tiles) {
  const int num_blocks = lay_out_blocks(job, kWarps);
  launch(context, "multiply_wide", multiply_wide, {num_blocks, num_tiles}, kWarps * 32, job);
}

}  // namespace lyceum::kernels::cuda
