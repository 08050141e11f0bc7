// From router logits to routes, and from routes to the tiles of each expert. No order depends on how blocks
// or warps happen to run.
#include "kernels/cuda/context.cuh"
#include "kernels/cuda/elementary.cuh"
#include "kernels/cuda/operations.cuh"

namespace lyceum::kernels::cuda {
namespace {

constexpr int kGroupThreads = 512;
constexpr float kSmallestSum = 6.103515625e-5F;  // 2^-14

LYCEUM_DEVICE float lowest() {
  return float_of_bits(0xFF800000U);
}

/// The highest of values that are not taken; ties by the lowest index. Every lane gets it.
LYCEUM_DEVICE int best_of_warp(const float* values, const bool* taken, int count) {
  float top = 0.0F;
  int best = count;
  for (int i = thread(); i < count; i += 32) {
    if (taken[i] || (best < count && !(values[i] > top))) continue;
    top = values[i];
    best = i;
  }
  for (int mask = 16; mask > 0; mask /= 2) {
    const float other_top = shuffle_xor(top, mask);
    const int other = shuffle_xor(best, mask);
    if (other == count) continue;
    if (best == count || other_top > top || (other_top == top && other < best)) {
      top = other_top;
      best = other;
    }
  }
  return best;
}

/// Every score as the router says; the order of the softmax's sum is that of sum_of_warp.
LYCEUM_DEVICE void score(const DeviceRouter& router, const float* logits, float* scores) {
  if (router.scores_are_sigmoid != 0) {
    for (int i = thread(); i < router.num_experts; i += 32) scores[i] = sigmoid(logits[i]);
    return;
  }
  float top = lowest();
  for (int i = thread(); i < router.num_experts; i += 32) top = larger(top, logits[i]);
  top = top_of_warp(top);
  float part = 0.0F;
  for (int i = thread(); i < router.num_experts; i += 32) {
    scores[i] = exponential(logits[i] - top);
    part += scores[i];
  }
  const float total = sum_of_warp(part);
  for (int i = thread(); i < router.num_experts; i += 32) scores[i] /= total;
}

/// A group counts by its best and its second best expert; those of weak groups cannot be chosen.
LYCEUM_DEVICE void exclude_weak_groups(const DeviceRouter& router, float* selection, float* ranks) {
  const int size = router.num_experts / router.num_groups;
  for (int group = thread(); group < router.num_groups; group += 32) {
    float best = selection[group * size];
    float second = lowest();
    for (int i = 1; i < size; ++i) {
      const float value = selection[group * size + i];
      if (value > best) {
        second = best;
        best = value;
      } else {
        second = larger(second, value);
      }
    }
    ranks[group] = size > 1 ? best + second : best;
  }
  sync_warp();
  for (int i = thread(); i < router.num_experts; i += 32) {
    const int group = i / size;
    int num_better = 0;
    for (int other = 0; other < router.num_groups; ++other) {
      if (ranks[other] > ranks[group] || (ranks[other] == ranks[group] && other < group)) ++num_better;
    }
    if (num_better >= router.num_groups_used) selection[i] = lowest();
  }
  sync_warp();
}

/// A warp a row.
LYCEUM_KERNEL route_rows(DeviceRouter router) {
  LYCEUM_SHARED float scores[kDeviceExpertsMax];
  LYCEUM_SHARED float selection[kDeviceExpertsMax];
  LYCEUM_SHARED float ranks[kDeviceExpertsMax];
  LYCEUM_SHARED bool taken[kDeviceExpertsMax];
  const std::int64_t row = block_x();
  score(router, router.logits + row * router.num_experts, scores);
  for (int i = thread(); i < router.num_experts; i += 32) {
    float bias = router.row_bias != nullptr ? router.row_bias[row * router.num_experts + i] : 0.0F;
    if (router.bias != nullptr) bias += router.bias[i];
    selection[i] = scores[i] + bias;
    taken[i] = false;
  }
  sync_warp();
  if (router.num_groups > router.num_groups_used) exclude_weak_groups(router, selection, ranks);
  const int first = router.first_route[row];
  const int end = router.first_route[row + 1];
  float total = 0.0F;
  for (int route = first; route < end; ++route) {
    const int expert = best_of_warp(selection, taken, router.num_experts);
    total += scores[expert];
    sync_warp();
    if (thread() == 0) {
      taken[expert] = true;
      router.experts[route] = expert;
      router.weights[route] = scores[expert];
    }
    sync_warp();
  }
  const float divisor = router.renormalizes != 0 ? larger(total, kSmallestSum) : 1.0F;
  if (thread() != 0) return;
  for (int route = first; route < end; ++route)
    router.weights[route] = router.weights[route] / divisor * router.scale;
}

LYCEUM_DEVICE int count_routes(const DeviceGroups& groups, int expert) {
  int count = 0;
  for (int base = 0; base < groups.num_routes; base += 32) {
    const int route = base + thread() % 32;
    count += count_bits(ballot(route < groups.num_routes && groups.experts[route] == expert));
  }
  return count;
}

LYCEUM_DEVICE int row_of_route(const DeviceGroups& groups, int route) {
  int low = 0;
  int high = groups.num_rows;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    if (groups.first_route[middle] <= route) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

LYCEUM_DEVICE void fill_slots(const DeviceGroups& groups, int expert, int slot) {
  const int lane = thread() % 32;
  for (int base = 0; base < groups.num_routes; base += 32) {
    const int route = base + lane;
    const bool is_mine = route < groups.num_routes && groups.experts[route] == expert;
    const std::uint32_t lanes = ballot(is_mine);
    if (is_mine) {
      const int own = slot + count_bits(lanes & ((1U << static_cast<unsigned>(lane)) - 1U));
      groups.slot_of_route[route] = own;
      groups.row_of_slot[own] = row_of_route(groups, route);
    }
    slot += count_bits(lanes);
  }
}

/// One block: a warp counts an expert's routes, one thread lays the experts out, a warp fills an expert's
/// slots in the order of its routes.
LYCEUM_KERNEL group_routes(DeviceGroups groups) {
  LYCEUM_SHARED int first_slot[kDeviceExpertsMax + 1];
  LYCEUM_SHARED int first_tile[kDeviceExpertsMax + 1];
  const int warp = thread() / 32;
  const int num_warps = num_threads() / 32;
  for (int expert = warp; expert < groups.num_experts; expert += num_warps) {
    const int count = count_routes(groups, expert);
    if (thread() % 32 == 0) first_slot[expert] = count;
  }
  sync_block();
  if (thread() == 0) {
    int slot = 0;
    int tile = 0;
    for (int expert = 0; expert < groups.num_experts; ++expert) {
      const int count = first_slot[expert];
      first_slot[expert] = slot;
      first_tile[expert] = tile;
      slot += count;
      tile += (count + groups.tile_size - 1) / groups.tile_size;
    }
    first_slot[groups.num_experts] = slot;
    first_tile[groups.num_experts] = tile;
  }
  sync_block();
  for (int expert = warp; expert < groups.num_experts; expert += num_warps) {
    const int first = first_slot[expert];
    const int count = first_slot[expert + 1] - first;
    if (count > 0) fill_slots(groups, expert, first);
    for (int part = thread() % 32; part * groups.tile_size < count; part += 32) {
      std::int32_t* const tile = groups.tiles + std::int64_t{3} * (first_tile[expert] + part);
      tile[0] = expert;
      tile[1] = first + part * groups.tile_size;
      tile[2] = smaller(groups.tile_size, count - part * groups.tile_size);
    }
  }
  const int num_tiles_max = expert_tiles_max(groups.num_routes, groups.num_experts, groups.tile_size);
  for (int tile = first_tile[groups.num_experts] + thread(); tile < num_tiles_max; tile += num_threads())
    groups.tiles[3 * tile + 2] = 0;
}

}  // namespace

void route(DeviceContext* context, const DeviceRouter* router) {
  launch(context, "route", route_rows, {router->num_rows}, 32, *router);
}

void group(DeviceContext* context, const DeviceGroups* groups) {
  launch(context, "group", group_routes, {1}, kGroupThreads, *groups);
}

}  // namespace lyceum::kernels::cuda
