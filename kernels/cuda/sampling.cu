// The highest logits of each row. A value and its id become one number, so that an order is total; blocks
// sort parts of a row and keep what may be among the highest, until one part is left.
#include "kernels/cuda/context.cuh"
#include "kernels/cuda/elementary.cuh"
#include "kernels/cuda/operations.cuh"

namespace lyceum::kernels::cuda {
namespace {

constexpr int kThreads = 1024;

struct TopJob {
  const float* logits;        ///< Null: `from` has keys
  const std::uint64_t* from;  ///< [num_rows, width]
  std::uint64_t* to;          ///< [num_rows, parts, count]; null: the result is due
  std::int32_t* ids;
  float* values;
  int width;
  int count;
  int size;  ///< A power of two that holds a part
};

/// Rises with the value and falls with the id; what is no number comes first. Zeros of both signs are equal.
LYCEUM_DEVICE std::uint64_t key_of(float value, int id) {
  const std::uint32_t bits = bits_of_float(value + 0.0F);
  std::uint32_t order = (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
  if (!(value == value)) order = 0xFFFFFFFFU;
  return std::uint64_t{order} << 32U | (0xFFFFFFFFU - static_cast<std::uint32_t>(id));
}

LYCEUM_DEVICE float value_of(std::uint64_t key) {
  const auto order = static_cast<std::uint32_t>(key >> 32U);
  return float_of_bits((order & 0x80000000U) != 0 ? order & 0x7FFFFFFFU : ~order);
}

/// Highest first, by a bitonic network over `size` keys.
LYCEUM_DEVICE void sort(std::uint64_t* keys, int size) {
  for (int run = 2; run <= size; run *= 2) {
    for (int step = run / 2; step > 0; step /= 2) {
      sync_block();
      for (int i = thread(); i < size / 2; i += num_threads()) {
        const int first = i / step * 2 * step + i % step;
        const bool rises = (first & run) != 0;
        const std::uint64_t a = keys[first];
        const std::uint64_t b = keys[first + step];
        if ((a < b) == rises) continue;
        keys[first] = b;
        keys[first + step] = a;
      }
    }
  }
  sync_block();
}

LYCEUM_KERNEL keep_highest(TopJob job) {
  LYCEUM_SHARED std::uint64_t keys[kDeviceTopPart];
  const std::int64_t row = block_x();
  const int first = block_y() * kDeviceTopPart;
  for (int i = thread(); i < job.size; i += num_threads()) {
    const int at = first + i;
    std::uint64_t key = 0;  // Below all others
    if (at < job.width)
      key = job.logits != nullptr ? key_of(job.logits[row * job.width + at], at)
                                  : job.from[row * job.width + at];
    keys[i] = key;
  }
  sort(keys, job.size);
  const int num_parts = (job.width + kDeviceTopPart - 1) / kDeviceTopPart;
  for (int i = thread(); i < job.count; i += num_threads()) {
    if (job.to != nullptr) {
      job.to[(row * num_parts + block_y()) * job.count + i] = i < job.size ? keys[i] : 0;
    } else {
      job.ids[row * job.count + i] = static_cast<int>(0xFFFFFFFFU - static_cast<std::uint32_t>(keys[i]));
      job.values[row * job.count + i] = value_of(keys[i]);
    }
  }
}

int power_above(int count) {
  int size = 2;
  while (size < count) size *= 2;
  return size;
}

}  // namespace

void top(DeviceContext* context, const DeviceTop* top) {
  TopJob job{.logits = top->logits,
             .from = nullptr,
             .to = nullptr,
             .ids = top->ids,
             .values = top->values,
             .width = top->width,
             .count = top->count,
             .size = 0};
  std::uint64_t* own = top->keys;
  std::uint64_t* other = top->keys + top_keys(top->num_rows, top->width, top->count) / 2;
  for (;;) {
    const int num_parts = blocks_for(job.width, kDeviceTopPart);
    job.size = smaller(power_above(job.width), kDeviceTopPart);
    job.to = num_parts > 1 ? own : nullptr;
    launch(context, "top", keep_highest, {top->num_rows, num_parts},
           smaller(kThreads, larger(32, job.size / 2)), job);
    if (num_parts == 1) return;
    job.logits = nullptr;
    job.from = job.to;
    job.width = num_parts * job.count;
    own = other;
    other = const_cast<std::uint64_t*>(job.from);
  }
}

}  // namespace lyceum::kernels::cuda
