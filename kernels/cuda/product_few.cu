// Products on matrix units for up to eight tokens a tile. What counts is the weights' way from memory: every
// warp of a block reads a segment of the same 16 rows, straight into registers.
#include "kernels/cuda/products.cuh"

namespace lyceum::kernels::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kTokens = kDeviceFewRows;
constexpr int kOutputs = 16;

/// Steps of the matrix unit whose inputs are on their way together.
constexpr int kStepsAhead = 4;

/// `kIsWhole`: eight weights are 16 aligned bytes, and a row ends with a whole step. Then no read waits for a
/// decision.
template <WeightType type, Narrow kind, bool kIsWhole>
LYCEUM_DEVICE Eight load_weights(const std::uint8_t* row, int first, int num_inputs) {
  if constexpr (kIsWhole) return *reinterpret_cast<const Eight*>(row + std::int64_t{2} * first);
  return load_eight<type, kind>(row, first, num_inputs);
}

template <WeightType type, Narrow kind, bool kIsWhole>
LYCEUM_DEVICE Accumulator segment_sum(const ProductJob& job, const ProductPart& part, const Tile& tile,
                                      int output, int segment) {
  const int row = thread() % 32 / 4;
  const int input = thread() % 4 * 8;
  const int last = part.num_outputs - 1;
  // Rows beyond the end repeat the last one: nobody takes their results.
  const std::uint8_t* const low = tile.weights + smaller(output + row, last) * job.row_bytes;
  const std::uint8_t* const high = tile.weights + smaller(output + row + 8, last) * job.row_bytes;
  const bool has_token = row < tile.count;
  const std::uint16_t* const x =
      job.narrow + (has_token ? row_of_slot(job, tile.first + row) : 0) * narrow_stride(job.num_inputs);
  const int end = smaller((segment + 1) * kSegment, job.num_inputs);
  Accumulator sums{};
  for (int begin = segment * kSegment; begin < end; begin += 32 * kStepsAhead) {
    Eight low_weights[kStepsAhead];
    Eight high_weights[kStepsAhead];
    Eight values[kStepsAhead];
#pragma unroll
    for (int step = 0; step < kStepsAhead; ++step) {
      const int first = begin + 32 * step;
      if (first >= end) continue;
      low_weights[step] = load_weights<type, kind, kIsWhole>(low, first + input, job.num_inputs);
      high_weights[step] = load_weights<type, kind, kIsWhole>(high, first + input, job.num_inputs);
      values[step] = has_token ? *reinterpret_cast<const Eight*>(x + first + input) : Eight{};
    }
#pragma unroll
    for (int step = 0; step < kStepsAhead; ++step) {
      if (begin + 32 * step < end)
        multiply_add<kind>(sums, low_weights[step], high_weights[step], values[step]);
    }
  }
  return sums;
}

template <WeightType type, Narrow kind>
LYCEUM_KERNEL LYCEUM_BOUNDS(kWarps * 32, 2) multiply_few(ProductJob job) {
  LYCEUM_SHARED Accumulator sums[kWarps][32];
  const ProductPart part = part_of_block(job);
  const Tile tile = tile_at(job, part, block_y(), kTokens);
  if (tile.weights == nullptr) return;
  const int warp = thread() / 32;
  const int lane = thread() % 32;
  const int output = (block_x() - part.first_block) * kOutputs;
  const int num_segments = (job.num_inputs + kSegment - 1) / kSegment;
  bool is_whole = false;
  if constexpr (is_plain<type, kind>())
    is_whole = job.row_bytes % 16 == 0 && is_aligned_to(tile.weights, 16) && job.num_inputs % 32 == 0;
  Accumulator total{};
  for (int first = 0; first < num_segments; first += kWarps) {
    const int here = smaller(kWarps, num_segments - first);
    if (warp < here)
      sums[warp][lane] =
          is_whole ? segment_sum<type, kind, is_plain<type, kind>()>(job, part, tile, output, first + warp)
                   : segment_sum<type, kind, false>(job, part, tile, output, first + warp);
    sync_block();
    if (warp == 0) {
      for (int other = 0; other < here; ++other) {
        for (int i = 0; i < 4; ++i) total.values[i] += sums[other][lane].values[i];
      }
    }
    sync_block();
  }
  if (warp == 0) put_accumulator(part, tile, 0, output, total);
}

}  // namespace

void launch_few(DeviceContext* context, WeightType type, ProductJob job, int num_tiles) {
  const int num_blocks = lay_out_blocks(job, kOutputs);
  with_types(type, context->narrow, [&]<WeightType kType, Narrow kKind>() {
    launch(context, "multiply_few", multiply_few<kType, kKind>, {num_blocks, num_tiles}, kWarps * 32, job);
  });
}

}  // namespace lyceum::kernels::cuda
