#pragma once

#include "kernels/cuda/context.cuh"
#include "kernels/cuda/weights.cuh"

namespace lyceum::kernels::cuda {

/// Inputs that are summed by themselves; the sums of such segments are added in rising order. This is the
/// order of every product on matrix units, so a token's results are the same alone and in any batch, by
/// either kernel.
constexpr int kSegment = 256;

/// A product as the kernels see it: tiles of rows of x times one matrix, or the matrix of each tile's
/// expert.
struct ProductJob {
  const std::uint8_t* weights;  ///< Null where experts have their own
  const void* const* expert_weights;
  int part;  ///< 0..2: gate, up, down
  int num_inputs;
  int num_outputs;
  std::int64_t row_bytes;
  const float* bias;
  const float* wide;
  const std::uint16_t* narrow;
  int wide_stride;
  float* y;
  int y_stride;
  int num_rows;
  const std::int32_t* tiles;        ///< Null: neighbours
  const std::int32_t* row_of_slot;  ///< Null: x has a row a slot
};

/// Rows of x that a block takes.
struct Tile {
  const std::uint8_t* weights;  ///< Null: nothing to do
  int first;                    ///< Its first row of y
  int count;
};

LYCEUM_DEVICE Tile tile_at(const ProductJob& job, int index, int size) {
  if (job.tiles == nullptr) return {job.weights, index * size, smaller(size, job.num_rows - index * size)};
  const int expert = job.tiles[3 * index];
  const int count = job.tiles[3 * index + 2];
  if (count == 0) return {nullptr, 0, 0};
  return {static_cast<const std::uint8_t*>(job.expert_weights[3 * expert + job.part]),
          job.tiles[3 * index + 1], count};
}

/// The row of x behind row `slot` of y.
LYCEUM_DEVICE std::int64_t row_of_slot(const ProductJob& job, int slot) {
  return job.row_of_slot != nullptr ? job.row_of_slot[slot] : slot;
}

LYCEUM_DEVICE void put(const ProductJob& job, const Tile& tile, int token, int output, float value) {
  if (token >= tile.count || output >= job.num_outputs) return;
  if (job.bias != nullptr) value += job.bias[output];
  job.y[std::int64_t{tile.first + token} * job.y_stride + output] = value;
}

/// A lane's part of 16 outputs from `output` on and 8 tokens from `token` on.
LYCEUM_DEVICE void put_accumulator(const ProductJob& job, const Tile& tile, int token, int output,
                                   const Accumulator& sums) {
  const int row = thread() % 32 / 4;
  const int column = thread() % 4 * 2;
  for (int i = 0; i < 4; ++i)
    put(job, tile, token + column + i % 2, output + row + i / 2 * 8, sums.values[i]);
}

/// By the kernels for f32, for few rows a tile and for many; `num_tiles` tiles.
void launch_wide(DeviceContext* context, const ProductJob& job, int num_tiles);
void launch_few(DeviceContext* context, WeightType type, const ProductJob& job, int num_tiles);
void launch_many(DeviceContext* context, WeightType type, const ProductJob& job, int num_tiles);

/// Calls `use` with the weight type and the kind of activations as constants.
template <class Use>
void with_types(WeightType type, Narrow kind, const Use& use) {
  using enum WeightType;
  if (kind == Narrow::f16) return use.template operator()<f16, Narrow::f16>();
  switch (type) {
    case f32:
      return;
    case f16:
      return use.template operator()<f16, Narrow::bf16>();
    case bf16:
      return use.template operator()<bf16, Narrow::bf16>();
    case q8_0:
      return use.template operator()<q8_0, Narrow::bf16>();
    case q4_0:
      return use.template operator()<q4_0, Narrow::bf16>();
    case q4_k:
      return use.template operator()<q4_k, Narrow::bf16>();
    case q5_k:
      return use.template operator()<q5_k, Narrow::bf16>();
    case q6_k:
      return use.template operator()<q6_k, Narrow::bf16>();
  }
}

}  // namespace lyceum::kernels::cuda
