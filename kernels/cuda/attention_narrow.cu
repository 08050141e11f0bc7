// Attention on matrix units: a block takes up to 32 queries of one sequence and head, a warp eight of them. A
// page is brought to shared memory once for all; each page is summed by itself and pages are merged in rising
// order, as in attention.cu, so that no bit depends on the other queries or on a split by page.
#include "kernels/cuda/attention.cuh"

namespace lyceum::kernels::cuda {
namespace {

constexpr int kWarps = kDeviceQueryTile / 8;
constexpr int kThreads = kWarps * 32;
constexpr int kDims = kNarrowHeadMax;
/// Rows of which neighbours begin half a turn of the banks apart.
constexpr int kKeyStride = kDims + 32;
constexpr int kShareStride = kPage + 8;

struct Stage {
  alignas(16) std::uint16_t keys[kPage][kKeyStride];
  alignas(16) std::uint16_t values[kDims][kPage];             ///< By dimension, see value_place
  alignas(16) std::uint16_t shares[kWarps][8][kShareStride];  ///< e^(score - top), by query
};

/// Where eight keys' values of a dimension begin: such parts of 16 bytes change places from dimension to
/// dimension, so that neither eight dimensions that are written nor two that are read share a bank.
LYCEUM_DEVICE int value_place(int dim, int key) {
  return (key / 8 ^ (dim % 2 * 4 + dim / 2 % 4)) * 8 + key % 8;
}

/// A lane's part of a warp's sum over one page or several: dimensions lane / 4 and + 8 of every 16, of
/// queries lane % 4 * 2 and + 1.
struct WarpSum {
  float tops[2];
  float totals[2];
  Accumulator values[kDims / 16];
};

struct Query {
  int row;        ///< Of the batch; beyond the tile its last
  bool is_there;  ///< Within the tile
  int num_keys;   ///< In this page; below 1: none
};

LYCEUM_DEVICE Query query_at(const DeviceAttention& attention, int index, int page) {
  const int first = attention.tiles[2 * block_x()];
  const int count = attention.tiles[2 * block_x() + 1];
  const int row = first + smaller(index, count - 1);
  return {row, index < count, attention.places.positions[row] + 1 - page * kPage};
}

template <Narrow kind>
LYCEUM_DEVICE void bring(const DeviceAttention& attention, int kv_head, int page, int num_keys,
                         Stage& stage) {
  const DevicePlaces& places = attention.places;
  const int row = attention.tiles[2 * block_x()];
  const float* const layer = places.pages[places.first_page[row] + page] + places.layer_offset;
  const float* const keys = layer + std::int64_t{kv_head} * attention.key_dim;
  const float* const values = layer + attention.value_offset + std::int64_t{kv_head} * attention.value_dim;
  for (int i = thread(); i < kPage * kDims; i += kThreads) {
    const int key = i / kDims;
    const int dim = i % kDims;
    // What nobody has written yet may be anything, also no number.
    const bool has_key = key < num_keys && dim < attention.key_dim;
    stage.keys[key][dim] =
        narrowed(kind, has_key ? keys[std::int64_t{key} * attention.key_stride + dim] : 0.0F);
  }
  // A warp takes eight dimensions of eight keys, a lane two neighbours among the keys.
  for (int i = thread(); i < kPage * kDims / 2; i += kThreads) {
    const int dim = i / 32 % (kDims / 8) * 8 + i % 8;
    const int key = i / 32 / (kDims / 8) * 8 + i / 8 % 4 * 2;
    const auto value_of = [&](int index) {
      const bool has_value = index < num_keys && dim < attention.value_dim;
      return has_value ? values[std::int64_t{index} * attention.value_stride + dim] : 0.0F;
    };
    *reinterpret_cast<std::uint32_t*>(&stage.values[dim][value_place(dim, key)]) =
        pair_of<kind>(value_of(key), value_of(key + 1));
  }
}

LYCEUM_DEVICE Eight eight_at(const std::uint16_t* at) {
  return *reinterpret_cast<const Eight*>(at);
}

/// Over the lanes that hold the same queries.
template <class Combine>
LYCEUM_DEVICE float over_rows(float value, const Combine& combine) {
  for (int mask = 4; mask < 32; mask *= 2) value = combine(value, shuffle_xor(value, mask));
  return value;
}

/// Scores of the page become shares, in `stage.shares`, with their tops and totals.
template <Narrow kind>
LYCEUM_DEVICE void share_page(const DeviceAttention& attention, const Eight (&query)[kDims / 32],
                              const int (&num_keys)[2], Stage& stage, WarpSum& sum) {
  const int lane = thread() % 32;
  Accumulator scores[kPage / 16] = {};
#pragma unroll
  for (int tile = 0; tile < kPage / 16; ++tile) {
    const std::uint16_t* const low = stage.keys[tile * 16 + lane / 4] + lane % 4 * 8;
#pragma unroll
    for (int step = 0; step < kDims / 32; ++step)
      multiply_add<kind>(scores[tile], eight_at(low + step * 32), eight_at(low + 8 * kKeyStride + step * 32),
                         query[step]);
  }
#pragma unroll
  for (int column = 0; column < 2; ++column) {
    float top = float_of_bits(0xFF800000U);
#pragma unroll
    for (int i = 0; i < kPage / 8; ++i) {
      float& score = scores[i / 2].values[2 * (i % 2) + column];
      score *= attention.scale;
      if (i * 8 + lane / 4 < num_keys[column]) top = larger(top, score);
    }
    top = over_rows(top, Larger{});
    float total = 0.0F;
#pragma unroll
    for (int i = 0; i < kPage / 8; ++i) {
      const int key = i * 8 + lane / 4;
      const float score = scores[i / 2].values[2 * (i % 2) + column];
      const float share = key < num_keys[column] ? exponential(score - top) : 0.0F;
      total += share;
      stage.shares[thread() / 32][lane % 4 * 2 + column][key] = narrowed(kind, share);
    }
    sum.tops[column] = top;
    sum.totals[column] = over_rows(total, Add{});
  }
}

template <Narrow kind>
LYCEUM_DEVICE void weigh_values(const Stage& stage, WarpSum& sum) {
  const int lane = thread() % 32;
#pragma unroll
  for (int step = 0; step < kPage / 32; ++step) {
    const int key = step * 32 + lane % 4 * 8;
    const Eight shares = eight_at(stage.shares[thread() / 32][lane / 4] + key);
#pragma unroll
    for (int tile = 0; tile < kDims / 16; ++tile) {
      const int dim = tile * 16 + lane / 4;
      multiply_add<kind>(sum.values[tile], eight_at(stage.values[dim] + value_place(dim, key)),
                         eight_at(stage.values[dim + 8] + value_place(dim + 8, key)), shares);
    }
  }
}

LYCEUM_DEVICE float merged(float old_value, float new_value, const Shares& shares, bool is_first) {
  return is_first ? new_value : old_value * shares.old_share + new_value * shares.new_share;
}

LYCEUM_DEVICE void merge(WarpSum& all, const WarpSum& page, const int (&num_keys)[2], bool is_first) {
#pragma unroll
  for (int column = 0; column < 2; ++column) {
    if (num_keys[column] < 1) continue;
    const Shares shares = merged_shares(all.tops[column], page.tops[column]);
    all.totals[column] = merged(all.totals[column], page.totals[column], shares, is_first);
    all.tops[column] = is_first ? page.tops[column] : larger(all.tops[column], page.tops[column]);
#pragma unroll
    for (int i = 0; i < kDims / 8; ++i) {
      float& value = all.values[i / 2].values[2 * (i % 2) + column];
      value = merged(value, page.values[i / 2].values[2 * (i % 2) + column], shares, is_first);
    }
  }
}

/// As the result, or as a page's partial sum.
LYCEUM_DEVICE void put_sum(const DeviceAttention& attention, Narrow kind, int page, const WarpSum& sum) {
  const int lane = thread() % 32;
#pragma unroll
  for (int column = 0; column < 2; ++column) {
    const Query query = query_at(attention, thread() / 32 * 8 + lane % 4 * 2 + column, page);
    if (!query.is_there || query.num_keys < 1) continue;
    float* const partial =
        attention.partials != nullptr ? partial_of(attention, query.row, block_y(), page) : nullptr;
    if (partial != nullptr && lane < 4) {
      partial[0] = sum.tops[column];
      partial[1] = sum.totals[column];
    }
#pragma unroll
    for (int i = 0; i < kDims / 8; ++i) {
      const int dim = i * 8 + lane / 4;
      if (dim >= attention.value_dim) continue;
      const float value = sum.values[i / 2].values[2 * (i % 2) + column];
      if (partial != nullptr) {
        partial[2 + dim] = value;
      } else {
        put_value(attention, kind, query.row, block_y(), dim, value / sum.totals[column]);
      }
    }
  }
}

template <Narrow kind>
LYCEUM_KERNEL LYCEUM_BOUNDS(kThreads, 2) attend_tiles(DeviceAttention attention) {
  LYCEUM_SHARED Stage stage;
  const int head = block_y();
  const int kv_head = head / (attention.num_heads / attention.num_kv_heads);
  const int lane = thread() % 32;
  const int warp = thread() / 32;
  const int last = attention.tiles[2 * block_x()] + attention.tiles[2 * block_x() + 1] - 1;
  const int num_seen = attention.places.positions[last] + 1;
  const int num_pages = (num_seen + kPage - 1) / kPage;
  const bool is_split = attention.partials != nullptr;
  if (is_split && block_z() >= num_pages) return;

  const Query own = query_at(attention, warp * 8 + lane / 4, 0);
  const float* const values =
      attention.queries + (std::int64_t{own.row} * attention.num_heads + head) * attention.key_dim;
  Eight query[kDims / 32];
#pragma unroll
  for (int step = 0; step < kDims / 32; ++step) {
    float wide[8];
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int dim = step * 32 + lane % 4 * 8 + i;
      wide[i] = dim < attention.key_dim ? values[dim] : 0.0F;
    }
    query[step] = eight_of<kind>(wide);
  }
  WarpSum all{};
  const int begin = is_split ? block_z() : 0;
  const int end = is_split ? begin + 1 : num_pages;
  for (int page = begin; page < end; ++page) {
    sync_block();
    bring<kind>(attention, kv_head, page, num_seen - page * kPage, stage);
    sync_block();
    const int num_keys[2] = {query_at(attention, warp * 8 + lane % 4 * 2, page).num_keys,
                             query_at(attention, warp * 8 + lane % 4 * 2 + 1, page).num_keys};
    WarpSum sum{};
    share_page<kind>(attention, query, num_keys, stage, sum);
    sync_warp();
    weigh_values<kind>(stage, sum);
    merge(all, sum, num_keys, page == begin);
  }
  put_sum(attention, kind, begin, all);
}

}  // namespace

void launch_narrow_attention(DeviceContext* context, const DeviceAttention& attention) {
  const Grid grid{attention.num_tiles, attention.num_heads,
                  attention.partials != nullptr ? attention.num_pages_max : 1};
  if (context->narrow == Narrow::f16) {
    launch(context, "attend_tiles", attend_tiles<Narrow::f16>, grid, kThreads, attention);
  } else {
    launch(context, "attend_tiles", attend_tiles<Narrow::bf16>, grid, kThreads, attention);
  }
}

}  // namespace lyceum::kernels::cuda
