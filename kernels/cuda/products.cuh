#pragma once

#include "kernels/cuda/context.cuh"
#include "kernels/cuda/weights.cuh"

namespace lyceum::kernels::cuda {

/// Inputs that are summed by themselves; the sums of such segments are added in rising order. This is the
/// order of every product on matrix units, so a token's results are the same alone and in any batch, by
/// either kernel.
constexpr int kSegment = 256;

/// One of the matrices that the same rows are multiplied with, and where its results go.
struct ProductPart {
  const std::uint8_t* weights;  ///< Null where experts have their own
  int expert_part;              ///< Then 0..2: gate, up, down
  int num_outputs;
  const float* bias;
  float* y;
  int y_stride;
  int first_block;  ///< In x, of a launch
};

/// Products as the kernels see them: tiles of rows of x times matrices of one type, or those of each tile's
/// expert. A block has one part, so that parts together and apart give the same bits.
struct ProductJob {
  ProductPart parts[kDeviceProductsMax];
  int num_parts;
  const void* const* expert_weights;
  int num_inputs;
  std::int64_t row_bytes;
  const float* wide;
  const std::uint16_t* narrow;
  int wide_stride;
  int num_rows;
  const std::int32_t* tiles;        ///< Null: neighbours
  const std::int32_t* row_of_slot;  ///< Null: x has a row a slot
};

/// Gives the parts their blocks of so many outputs; how many blocks there are.
inline int lay_out_blocks(ProductJob& job, int outputs_per_block) {
  int num_blocks = 0;
  for (int part = 0; part < job.num_parts; ++part) {
    job.parts[part].first_block = num_blocks;
    num_blocks += blocks_for(job.parts[part].num_outputs, outputs_per_block);
  }
  return num_blocks;
}

LYCEUM_DEVICE ProductPart part_of_block(const ProductJob& job) {
  int part = job.num_parts - 1;
  while (block_x() < job.parts[part].first_block) --part;
  return job.parts[part];
}

/// Rows of x that a block takes.
struct Tile {
  const std::uint8_t* weights;  ///< Null: nothing to do
  int first;                    ///< Its first row of y
  int count;
};

LYCEUM_DEVICE Tile tile_at(const ProductJob& job, const ProductPart& part, int index, int size) {
  if (job.tiles == nullptr) return {part.weights, index * size, smaller(size, job.num_rows - index * size)};
  const int expert = job.tiles[3 * index];
  const int count = job.tiles[3 * index + 2];
  if (count == 0) return {nullptr, 0, 0};
  return {static_cast<const std::uint8_t*>(job.expert_weights[3 * expert + part.expert_part]),
          job.tiles[3 * index + 1], count};
}

/// The row of x behind row `slot` of y.
LYCEUM_DEVICE std::int64_t row_of_slot(const ProductJob& job, int slot) {
  return job.row_of_slot != nullptr ? job.row_of_slot[slot] : slot;
}

LYCEUM_DEVICE void put(const ProductPart& part, const Tile& tile, int token, int output, float value) {
  if (token >= tile.count || output >= part.num_outputs) return;
  if (part.bias != nullptr) value += part.bias[output];
  part.y[std::int64_t{tile.first + token} * part.y_stride + output] = value;
}

/// A lane's part of 16 outputs from `output` on and 8 tokens from `token` on.
LYCEUM_DEVICE void put_accumulator(const ProductPart& part, const Tile& tile, int token, int output,
                                   const Accumulator& sums) {
  const int row = thread() % 32 / 4;
  const int column = thread() % 4 * 2;
  for (int i = 0; i < 4; ++i)
    put(part, tile, token + column + i % 2, output + row + i / 2 * 8, sums.values[i]);
}

/// By the kernels for f32, for few rows a tile and for many; `num_tiles` tiles.
void launch_wide(DeviceContext* context, ProductJob job, int num_tiles);
void launch_few(DeviceContext* context, WeightType type, ProductJob job, int num_tiles);
void launch_many(DeviceContext* context, WeightType type, ProductJob job, int num_tiles);

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
