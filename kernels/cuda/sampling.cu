#include "kernels/cuda/context.cuh"
#include "kernels/cuda/elementary.cuh"
#include "kernels/cuda/operations.cuh"

namespace lyceum::kernels::cuda {
namespace {

constexpr int kThreads = 1024;

struct Best {
  float value;
  int index;
};

LYCEUM_DEVICE Best better(const Best& a, const Best& b) {
  return b.value > a.value || (b.value == a.value && b.index < a.index) ? b : a;
}

LYCEUM_KERNEL arg_max_rows(DeviceArgMax asked) {
  LYCEUM_SHARED Best bests[kThreads / 32];
  const float* const row = asked.logits + std::int64_t{block_x()} * asked.width;
  Best best{row[0], 0};
  for (int i = thread(); i < asked.width; i += kThreads) best = better(best, {row[i], i});
  for (int mask = 16; mask > 0; mask /= 2)
    best = better(best, {shuffle_xor(best.value, mask), shuffle_xor(best.index, mask)});
  if (thread() % 32 == 0) bests[thread() / 32] = best;
  sync_block();
  if (thread() != 0) return;
  for (int warp = 1; warp < kThreads / 32; ++warp) best = better(best, bests[warp]);
  asked.best[block_x()] = best.index;
}

}  // namespace

void arg_max(DeviceContext* context, const DeviceArgMax* arg_max) {
  launch(context, "arg_max", arg_max_rows, {arg_max->num_rows}, kThreads, *arg_max);
}

}  // namespace lyceum::kernels::cuda
