// Experts over a batch: tokens gathered by expert, an expert's weights read once for all of them.
#include <algorithm>

#include "base/check.hpp"
#include "kernels/cpu/buffers.hpp"
#include "kernels/cpu/operations.hpp"

namespace lyceum::kernels::cpu {
void CpuOperations::group_routes(const ExpertsShape& shape, const ExpertRoutes& routes,
                                 std::span<const float> x, Forms forms) {
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
  prepare(inputs_, num_tokens, x, forms);
  const auto gather = [&](auto& to, const auto& from) {
    const auto rows = room(to, num_routes);
    for (std::size_t slot = 0; slot < num_routes; ++slot)
      rows[slot] = from[token_of_route[groups_.route_of_slot[slot]]];
  };
  gather(gathered_.float_rows, inputs_.float_rows);
  if (forms.blocks) gather(gathered_.block_rows, inputs_.block_rows);
  if (forms.superblocks) gather(gathered_.superblock_rows, inputs_.superblock_rows);
}

/// Some inner values of every token of an expert: both products and the gate, while they are in a cache.
void CpuOperations::widen(const ExpertsShape& shape, const ExpertWeights& weights, const ActiveExpert& active,
                          std::size_t first_row, std::size_t num_rows, Scratch& scratch) {
  const auto [expert, first_slot, num_slots] = active;
  const auto up = room(scratch.up, num_slots * num_rows);
  const auto up_rows = room(scratch.up_rows, num_slots);
  for (std::size_t slot = 0; slot < num_slots; ++slot) up_rows[slot] = &up[slot * num_rows];
  float* const* const gate_rows = inner_rows_.data() + first_slot;
  multiply(weights.gate.rows(expert * shape.num_inner, shape.num_inner), first_row, num_rows, first_slot,
           num_slots, gathered_, gate_rows, first_row, scratch);
  multiply(weights.up.rows(expert * shape.num_inner, shape.num_inner), first_row, num_rows, first_slot,
           num_slots, gathered_, up_rows.data(), 0, scratch);
  for (std::size_t slot = 0; slot < num_slots; ++slot)
    kernels_.swiglu({gate_rows[slot] + first_row, num_rows}, up_rows[slot]);
}

void CpuOperations::moe_experts(const ExpertsShape& shape, const ExpertWeights& weights,
                                const ExpertRoutes& routes, std::span<const float> x, std::span<float> y) {
  LYCEUM_CHECK(x.size() == y.size() && !routes.first.empty());
  const std::size_t num_tokens = routes.first.size() - 1;
  const std::size_t num_routes = routes.experts.size();
  LYCEUM_CHECK(x.size() == num_tokens * shape.num_hidden);
  LYCEUM_CHECK(routes.first.back() == num_routes && routes.weights.size() == num_routes);
  if (num_tokens == 0) return;
  Forms forms;
  forms.add(weights.gate.type);
  forms.add(weights.up.type);
  group_routes(shape, routes, x, forms);

  const auto inner = room(inner_values_, num_routes * shape.num_inner);
  const auto outputs = room(slot_outputs_, num_routes * shape.num_hidden);
  const auto inner_rows = room(inner_rows_, num_routes);
  const auto slot_rows = room(slot_rows_, num_routes);
  for (std::size_t slot = 0; slot < num_routes; ++slot) {
    inner_rows[slot] = &inner[slot * shape.num_inner];
    slot_rows[slot] = &outputs[slot * shape.num_hidden];
  }

  const std::size_t mean_slots = active_.empty() ? 0 : num_routes / active_.size();
  const auto run_items = [&](std::size_t width, const auto& work) {
    const std::size_t per_item = rows_per_item(active_.size() * width, mean_slots, pool_.num_threads());
    const std::size_t num_items = items_of(width, per_item);
    pool_.run(active_.size() * num_items, [&](std::size_t item, std::size_t thread) {
      const std::size_t first = item % num_items * per_item;
      work(active_[item / num_items], first, std::min(per_item, width - first), *scratch_[thread]);
    });
  };
  run_items(shape.num_inner, [&](const ActiveExpert& active, std::size_t first, std::size_t count,
                                 Scratch& scratch) { widen(shape, weights, active, first, count, scratch); });
  Forms inner_forms;
  inner_forms.add(weights.down.type);
  if (num_routes > 0) prepare(inner_, num_routes, inner, inner_forms);
  run_items(shape.num_hidden,
            [&](const ActiveExpert& active, std::size_t first, std::size_t count, Scratch& scratch) {
              multiply(weights.down.rows(active.expert * shape.num_hidden, shape.num_hidden), first, count,
                       active.first_slot, active.num_slots, inner_, slot_rows.data() + active.first_slot,
                       first, scratch);
            });
  for_each(num_tokens, [&](std::size_t token) {
    const auto target = y.subspan(token * shape.num_hidden, shape.num_hidden);
    std::ranges::fill(target, 0.0F);
    for (std::size_t route = routes.first[token]; route < routes.first[token + 1]; ++route)
      kernels_.add_scaled(target, slot_rows[groups_.slot_of_route[route]], routes.weights[route]);
  });
}

}  // namespace lyceum::kernels::cpu
