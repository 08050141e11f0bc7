#include "kernels/cpu/operations.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "kernels/cpu/buffers.hpp"
#include "kernels/cpu/isa.hpp"

namespace lyceum::kernels {
namespace cpu {
namespace {

/// Rows of activations that a thread takes at a time.
constexpr std::size_t kTokensPerItem = 8;

}  // namespace

CpuOperations::CpuOperations(const KernelTable& kernels, std::size_t num_threads)
    : kernels_(kernels), pool_(num_threads) {
  for (std::size_t thread = 0; thread < num_threads; ++thread)
    scratch_.push_back(std::make_unique<Scratch>());
}

void CpuOperations::for_each(std::size_t count, const std::function<void(std::size_t)>& work) {
  if (count <= kTokensPerItem) {
    for (std::size_t i = 0; i < count; ++i) work(i);
    return;
  }
  pool_.run(items_of(count, kTokensPerItem), [&](std::size_t item, std::size_t) {
    const std::size_t end = std::min(count, (item + 1) * kTokensPerItem);
    for (std::size_t i = item * kTokensPerItem; i < end; ++i) work(i);
  });
}

void CpuOperations::prepare(Inputs& inputs, std::size_t num_rows, std::span<const float> x, Forms forms) {
  const std::size_t width = x.size() / num_rows;
  const auto float_rows = room(inputs.float_rows, num_rows);
  for (std::size_t row = 0; row < num_rows; ++row) float_rows[row] = x.data() + row * width;
  const auto quantize = [&](auto& block_buffer, auto& row_buffer, std::size_t block_size, auto kernel) {
    const std::size_t num_blocks = width / block_size;
    const auto blocks = room(block_buffer, num_rows * num_blocks);
    const auto rows = room(row_buffer, num_rows);
    for_each(num_rows, [&](std::size_t row) {
      rows[row] = &blocks[row * num_blocks];
      kernel(float_rows[row], num_blocks, &blocks[row * num_blocks]);
    });
  };
  if (forms.blocks) quantize(inputs.blocks, inputs.block_rows, kInt8BlockSize, kernels_.quantize);
  if (forms.superblocks) {
    quantize(inputs.superblocks, inputs.superblock_rows, kSuperblockSize, kernels_.quantize_superblocks);
  }
}

void CpuOperations::multiply(const WeightMatrix& weight, std::size_t first_row, std::size_t num_rows,
                             std::size_t first_token, std::size_t num_tokens, const Inputs& inputs,
                             float* const* y, std::size_t first_column, Scratch& scratch) {
  const auto product_of = [&](const auto& rows) {
    return RowsProduct{weight, first_row, num_rows, num_tokens, rows.data() + first_token, y, first_column};
  };
  const TileKernels* const tiles = num_tokens >= kTokensForTiles ? kernels_.tiles : nullptr;
  if (has_superblocks(weight.type)) {
    const auto work = tiles != nullptr ? tiles->multiply_superblocks : kernels_.multiply_superblocks;
    work(product_of(inputs.superblock_rows), scratch.panels);
  } else if (is_quantized(weight.type)) {
    const auto work = tiles != nullptr ? tiles->multiply_blocks : kernels_.multiply_blocks;
    work(product_of(inputs.block_rows), scratch.panels);
  } else {
    kernels_.multiply_floats(product_of(inputs.float_rows));
  }
}

void CpuOperations::matmul(std::size_t num_tokens, std::span<const float> x,
                           std::span<const Product> products) {
  Forms forms;
  std::size_t num_rows = 0;
  for (const Product& product : products) {
    LYCEUM_CHECK(x.size() == num_tokens * product.weight.num_inputs);
    LYCEUM_CHECK(product.y.size() == num_tokens * product.weight.num_outputs);
    forms.add(product.weight.type);
    num_rows += product.weight.num_outputs;
  }
  if (num_tokens == 0) return;
  prepare(inputs_, num_tokens, x, forms);
  const auto outputs = room(outputs_, num_tokens * products.size());
  const std::size_t per_item = rows_per_item(num_rows, num_tokens, pool_.num_threads());
  std::size_t num_items = 0;
  for (std::size_t p = 0; p < products.size(); ++p) {
    const std::size_t width = products[p].weight.num_outputs;
    num_items += items_of(width, per_item);
    for (std::size_t token = 0; token < num_tokens; ++token)
      outputs[p * num_tokens + token] = products[p].y.data() + token * width;
  }
  pool_.run(num_items, [&](std::size_t item, std::size_t thread) {
    std::size_t p = 0;
    for (; item >= items_of(products[p].weight.num_outputs, per_item); ++p)
      item -= items_of(products[p].weight.num_outputs, per_item);
    const WeightMatrix& weight = products[p].weight;
    const std::size_t first = item * per_item;
    multiply(weight, first, std::min(per_item, weight.num_outputs - first), 0, num_tokens, inputs_,
             &outputs[p * num_tokens], first, *scratch_[thread]);
  });
}

void CpuOperations::rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon,
                             std::span<float> y) {
  LYCEUM_CHECK(!weight.empty() && x.size() % weight.size() == 0 && x.size() == y.size());
  for_each(x.size() / weight.size(), [&](std::size_t row) {
    kernels_.rms_norm(x.data() + row * weight.size(), weight, epsilon, y.data() + row * weight.size());
  });
}

void CpuOperations::swiglu(std::span<float> gate, std::span<const float> up) {
  LYCEUM_CHECK(gate.size() == up.size());
  constexpr std::size_t kPart = 1024;
  for_each(items_of(gate.size(), kPart), [&](std::size_t part) {
    const std::size_t first = part * kPart;
    kernels_.swiglu(gate.subspan(first, std::min(kPart, gate.size() - first)), up.data() + first);
  });
}

void CpuOperations::attention(const AttentionShape& shape, std::span<const AttentionQuery> queries) {
  LYCEUM_CHECK(shape.num_kv_heads > 0 && shape.num_heads % shape.num_kv_heads == 0);
  auto& tiles = tiles_;
  tiles.clear();
  for (const AttentionQuery& query : queries) {
    const std::size_t num_pages = items_of(query.seen.num_keys, kAttentionPage);
    LYCEUM_CHECK(num_pages > 0 && query.seen.key_pages.size() >= num_pages &&
                 query.seen.value_pages.size() >= num_pages);
    LYCEUM_CHECK(query.query.size() == shape.num_heads * shape.key_dim &&
                 query.out.size() == shape.num_heads * shape.value_dim);
    const bool joins = !tiles.empty() && tiles.back().num_queries < kQueryTile &&
                       tiles.back().key_pages.data() == query.seen.key_pages.data();
    if (!joins) tiles.push_back({.key_pages = query.seen.key_pages, .value_pages = query.seen.value_pages});
    AttentionTile& tile = tiles.back();
    tile.queries[tile.num_queries] = query.query.data();
    tile.outs[tile.num_queries] = query.out.data();
    tile.num_keys[tile.num_queries++] = query.seen.num_keys;
  }
  // Head by head: a head's keys stay in a cache for the tiles that follow each other.
  pool_.run(tiles.size() * shape.num_kv_heads, [&](std::size_t item, std::size_t thread) {
    AttentionTile tile = tiles[item % tiles.size()];
    tile.kv_head = item / tiles.size();
    tile.scratch = room(scratch_[thread]->attention, kQueryTile * shape.value_dim).data();
    kernels_.attention(shape, tile);
  });
}

}  // namespace cpu

std::unique_ptr<Operations> make_cpu_operations(Isa isa, std::size_t num_threads) {
  return std::make_unique<cpu::CpuOperations>(cpu::kernels_of(isa), num_threads);
}

}  // namespace lyceum::kernels
