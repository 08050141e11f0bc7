// Products on matrix units for many tokens: tiles of 128 outputs and 64 tokens, whose inputs pass through
// shared memory 32 at a time, several steps ahead of the sums.
#include "kernels/cuda/products.cuh"

namespace lyceum::kernels::cuda {
namespace {

constexpr int kOutputs = 128;
constexpr int kTokens = kDeviceManyRows;
constexpr int kWarpOutputs = 32;
constexpr int kWarpTokens = 32;
constexpr int kWarps = kOutputs / kWarpOutputs * (kTokens / kWarpTokens);
constexpr int kThreads = kWarps * 32;
constexpr int kStages = 4;
constexpr int kStep = 32;  ///< Inputs, which are four times Eight
constexpr int kRowParts = kStep / 8;

/// Rows of 64 bytes: the 16-byte parts that eight neighbouring lanes read lie in different banks.
struct Stage {
  Eight weights[kOutputs][kRowParts];
  Eight x[kTokens][kRowParts];
};

struct Source {
  const ProductJob& job;
  const ProductPart& part;
  const Tile& tile;
  int output;
};

/// Starts to fetch the inputs from `first` on.
template <WeightType type, Narrow kind>
LYCEUM_DEVICE void fetch(const Source& source, int first, Stage& stage) {
  const ProductJob& job = source.job;
  constexpr bool kIsPlain = is_plain<type, kind>();
  for (int i = thread(); i < kOutputs * kRowParts; i += kThreads) {
    const int row = i / kRowParts;
    const int input = first + i % kRowParts * 8;
    const std::uint8_t* const weights =
        source.tile.weights + smaller(source.output + row, source.part.num_outputs - 1) * job.row_bytes;
    Eight* const to = &stage.weights[row][i % kRowParts];
    if (kIsPlain && job.row_bytes % 16 == 0 && is_aligned_to(source.tile.weights, 16)) {
      copy_16_async(to, input < job.num_inputs ? weights + std::int64_t{2} * input : weights,
                    input < job.num_inputs);
    } else {
      *to = load_eight<type, kind>(weights, input, job.num_inputs);
    }
  }
  const std::int64_t stride = narrow_stride(job.num_inputs);
  for (int i = thread(); i < kTokens * kRowParts; i += kThreads) {
    const int token = i / kRowParts;
    const bool is_there = token < source.tile.count && first < job.num_inputs;
    const std::int64_t row = is_there ? row_of_slot(job, source.tile.first + token) : 0;
    copy_16_async(&stage.x[token][i % kRowParts],
                  job.narrow + row * stride + (is_there ? first : 0) + i % kRowParts * 8, is_there);
  }
}

constexpr int kOutputTiles = kWarpOutputs / 16;
constexpr int kTokenTiles = kWarpTokens / 8;

struct WarpSums {
  Accumulator tiles[kOutputTiles][kTokenTiles];
};

template <Narrow kind>
LYCEUM_DEVICE void add_step(const Stage& stage, WarpSums& sums) {
  const int warp = thread() / 32;
  const int row = thread() % 32 / 4;
  const int part = thread() % 4;
  const int output = warp / (kTokens / kWarpTokens) * kWarpOutputs + row;
  const int token = warp % (kTokens / kWarpTokens) * kWarpTokens + row;
  Eight x[kTokenTiles];
#pragma unroll
  for (int n = 0; n < kTokenTiles; ++n) x[n] = stage.x[token + 8 * n][part];
#pragma unroll
  for (int m = 0; m < kOutputTiles; ++m) {
    const Eight low = stage.weights[output + 16 * m][part];
    const Eight high = stage.weights[output + 16 * m + 8][part];
#pragma unroll
    for (int n = 0; n < kTokenTiles; ++n) multiply_add<kind>(sums.tiles[m][n], low, high, x[n]);
  }
}

LYCEUM_DEVICE void move_into(WarpSums& totals, WarpSums& sums) {
#pragma unroll
  for (int m = 0; m < kOutputTiles; ++m) {
#pragma unroll
    for (int n = 0; n < kTokenTiles; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) totals.tiles[m][n].values[i] += sums.tiles[m][n].values[i];
      sums.tiles[m][n] = {};
    }
  }
}

template <WeightType type, Narrow kind>
LYCEUM_KERNEL LYCEUM_BOUNDS(kThreads, 2) multiply_many(ProductJob job) {
  LYCEUM_SHARED Stage stages[kStages];
  const ProductPart part = part_of_block(job);
  const Tile tile = tile_at(job, part, block_y(), kTokens);
  if (tile.weights == nullptr) return;
  const int output = (block_x() - part.first_block) * kOutputs;
  const Source source{job, part, tile, output};
  const int num_steps = (job.num_inputs + kStep - 1) / kStep;
  for (int step = 0; step < kStages - 1; ++step) {
    if (step < num_steps) fetch<type, kind>(source, step * kStep, stages[step]);
    commit_copies();
  }
  WarpSums totals{};
  WarpSums sums{};
  for (int step = 0; step < num_steps; ++step) {
    wait_copies<kStages - 2>();
    sync_block();
    const int ahead = step + kStages - 1;
    if (ahead < num_steps) fetch<type, kind>(source, ahead * kStep, stages[ahead % kStages]);
    commit_copies();
    add_step<kind>(stages[step % kStages], sums);
    if ((step + 1) % (kSegment / kStep) == 0 || step + 1 == num_steps) move_into(totals, sums);
  }
  const int warp = thread() / 32;
  for (int m = 0; m < kOutputTiles; ++m) {
    for (int n = 0; n < kTokenTiles; ++n)
      put_accumulator(part, tile, warp % (kTokens / kWarpTokens) * kWarpTokens + 8 * n,
                      output + warp / (kTokens / kWarpTokens) * kWarpOutputs + 16 * m, totals.tiles[m][n]);
  }
}

}  // namespace

void launch_many(DeviceContext* context, WeightType type, ProductJob job, int num_tiles) {
  const int num_blocks = lay_out_blocks(job, kOutputs);
  with_types(type, context->narrow, [&]<WeightType kType, Narrow kKind>() {
    launch(context, "multiply_many", multiply_many<kType, kKind>, {num_blocks, num_tiles}, kThreads, job);
  });
}

}  // namespace lyceum::kernels::cuda
