// Experts over a batch: tokens gathered by expert, an expert's weights read once for all of them.
#include <algorithm>

#include "base/check.hpp"
#include "kernels/cpu/buffers.hpp"
#include "kernels/cpu/operations.hpp"

namespace lyceum::kernels::cpu {
void CpuOperations::group_routes(const ExpertsShape& shape, const ExpertRoutes& routes,
                                 std::span<const float> x, bool needs_blocks) {
  const std::size_t num_tokens = routes.first.size() - 1;
  const std::size_t num_routes = routes.experts.size();
  const auto token_of_route = room(token_of_route_, num_routes);
  for (std::size_t token = 0; token < num_tokens; ++token) {
    for (std::size_t route = routes.first[token]; route < routes.first[token + 1]; ++route)
      token_of_route[route] = token;
  }
  group_by_expert(shape.num_experts, routes.experts, groups_);
  active_.clear();
  for (std::size_t expert = 0; expert < shape.num_experts; ++expert) {
    const std::size_t first = groups_.first_slot[expert];
    const std::size_t count = groups_.first_slot[expert + 1] - first;
    if (count > 0) active_.push_back({expert, first, count});
  }
  // Rows are gathered as pointers.
  prepare(inputs_, num_tokens, x, needs_blocks);
  const auto float_rows = room(gathered_.float_rows, num_routes);
  const auto block_rows = room(gathered_.block_rows, num_routes);
  for (std::size_t slot = 0; slot < num_routes; ++slot) {
    const std::size_t token = token_of_route[groups_.route_of_slot[slot]];
    float_rows[slot] = inputs_.float_rows[token];
    if (needs_blocks) block_rows[slot] = inputs_.block_rows[token];
  }
}

/// kRowsPerItem inner values of every token of an expert: both products, the gate and the rounding, while
/// they are in a cache.
void CpuOperations::widen(const ExpertsShape& shape, const ExpertWeights& weights, const ActiveExpert& active,
                          std::size_t first_row, Scratch& scratch) {
  const auto [expert, first_slot, num_slots] = active;
  const std::size_t num_rows = std::min(kRowsPerItem, shape.num_inner - first_row);
  const auto gate = room(scratch.gate, num_slots * kRowsPerItem);
  const auto up = room(scratch.up, num_slots * kRowsPerItem);
  const auto gate_rows = room(scratch.gate_rows, num_slots);
  const auto up_rows = room(scratch.up_rows, num_slots);
  for (std::size_t slot = 0; slot < num_slots; ++slot) {
    gate_rows[slot] = &gate[slot * kRowsPerItem];
    up_rows[slot] = &up[slot * kRowsPerItem];
  }
  multiply(weights.gate.rows(expert * shape.num_inner, shape.num_inner), first_row, num_rows, first_slot,
           num_slots, gathered_, gate_rows.data(), 0, scratch);
  multiply(weights.up.rows(expert * shape.num_inner, shape.num_inner), first_row, num_rows, first_slot,
           num_slots, gathered_, up_rows.data(), 0, scratch);
  const std::size_t num_blocks = shape.num_inner / kInt8BlockSize;
  for (std::size_t slot = 0; slot < num_slots; ++slot) {
    kernels_.swiglu({gate_rows[slot], num_rows}, up_rows[slot]);
    const std::size_t row = first_slot + slot;
    if (is_quantized(weights.down.type)) {
      kernels_.quantize(gate_rows[slot], num_rows / kInt8BlockSize,
                        &inner_.blocks[row * num_blocks + first_row / kInt8BlockSize]);
    } else {
      std::copy_n(gate_rows[slot], num_rows, &inner_values_[row * shape.num_inner + first_row]);
    }
  }
}

void CpuOperations::moe_experts(const ExpertsShape& shape, const ExpertWeights& weights,
                                const ExpertRoutes& routes, std::span<const float> x, std::span<float> y) {
  LYCEUM_CHECK(x.size() == y.size() && !routes.first.empty());
  const std::size_t num_tokens = routes.first.size() - 1;
  const std::size_t num_routes = routes.experts.size();
  LYCEUM_CHECK(x.size() == num_tokens * shape.num_hidden);
  LYCEUM_CHECK(routes.first.back() == num_routes && routes.weights.size() == num_routes);
  if (num_tokens == 0) return;
  group_routes(shape, routes, x, is_quantized(weights.gate.type) || is_quantized(weights.up.type));

  const auto inner_rows = room(inner_.float_rows, num_routes);
  const auto inner_block_rows = room(inner_.block_rows, num_routes);
  const auto slot_rows = room(slot_rows_, num_routes);
  const std::size_t num_blocks = shape.num_inner / kInt8BlockSize;
  if (is_quantized(weights.down.type)) {
    room(inner_.blocks, num_routes * num_blocks);
  } else {
    room(inner_values_, num_routes * shape.num_inner);
  }
  room(slot_outputs_, num_routes * shape.num_hidden);
  for (std::size_t slot = 0; slot < num_routes; ++slot) {
    inner_rows[slot] = inner_values_.data() + slot * shape.num_inner;
    inner_block_rows[slot] = inner_.blocks.data() + slot * num_blocks;
    slot_rows[slot] = slot_outputs_.data() + slot * shape.num_hidden;
  }

  const std::size_t inner_items = items_of(shape.num_inner);
  pool_.run(active_.size() * inner_items, [&](std::size_t item, std::size_t thread) {
    widen(shape, weights, active_[item / inner_items], item % inner_items * kRowsPerItem, *scratch_[thread]);
  });
  const std::size_t hidden_items = items_of(shape.num_hidden);
  pool_.run(active_.size() * hidden_items, [&](std::size_t item, std::size_t thread) {
    const auto [expert, first_slot, num_slots] = active_[item / hidden_items];
    const std::size_t first = item % hidden_items * kRowsPerItem;
    multiply(weights.down.rows(expert * shape.num_hidden, shape.num_hidden), first,
             std::min(kRowsPerItem, shape.num_hidden - first), first_slot, num_slots, inner_,
             slot_rows.data() + first_slot, first, *scratch_[thread]);
  });
  for_each(num_tokens, [&](std::size_t token) {
    const auto target = y.subspan(token * shape.num_hidden, shape.num_hidden);
    std::ranges::fill(target, 0.0F);
    for (std::size_t route = routes.first[token]; route < routes.first[token + 1]; ++route)
      kernels_.add_scaled(target, slot_rows[groups_.slot_of_route[route]], routes.weights[route]);
  });
}

}  // namespace lyceum::kernels::cpu
