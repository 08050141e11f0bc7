#pragma once

#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/lanes.hpp"

/// `reference::attention` for a tile of query tokens. A few keys or values at a time meet all queries of the
/// tile while they are in the first cache: rows of one head lie far apart, so a page of them does not stay
/// there.
namespace lyceum::kernels::cpu {

/// Keys or values that meet the queries together.
constexpr std::size_t kRowsPerMeeting = 4;

struct PageScores {
  alignas(64) float weights[kQueryTile][kAttentionPage];
  std::size_t counts[kQueryTile];  ///< Keys of the page that a query sees
  float tops[kQueryTile];
  float totals[kQueryTile];
};

/// Rows of one head within a page.
struct PageRows {
  const float* first;
  std::size_t stride;
  std::size_t dim;
};

/// Four folds at once, each in its own order.
LYCEUM_LANES void store_folds(const Floats (&sums)[4], float scale, float* scores) {
  using Eight [[gnu::vector_size(32)]] = float;
  using Four [[gnu::vector_size(16)]] = float;
  Four four[4];
  for (std::size_t k = 0; k < 4; ++k) {
    const Eight eight = __builtin_shufflevector(sums[k], sums[k], 0, 1, 2, 3, 4, 5, 6, 7) +
                        __builtin_shufflevector(sums[k], sums[k], 8, 9, 10, 11, 12, 13, 14, 15);
    four[k] =
        __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  }
  const Four left = __builtin_shufflevector(four[0], four[1], 0, 1, 4, 5) +
                    __builtin_shufflevector(four[0], four[1], 2, 3, 6, 7);
  const Four right = __builtin_shufflevector(four[2], four[3], 0, 1, 4, 5) +
                     __builtin_shufflevector(four[2], four[3], 2, 3, 6, 7);
  const Four folds =
      (__builtin_shufflevector(left, right, 0, 2, 4, 6) + __builtin_shufflevector(left, right, 1, 3, 5, 7)) *
      scale;
  std::memcpy(scores, &folds, sizeof(folds));
}

/// Scores of one query and `kKeys` rows from `rows` on.
template <std::size_t kKeys>
[[gnu::always_inline]] static inline void score_keys(const PageRows& keys, const float* rows,
                                                     const float* query, float scale, float* scores) {
  Floats sums[kKeys]{};
  std::size_t i = 0;
  for (; i + kLanes <= keys.dim; i += kLanes) {
    const Floats q = load(query + i);
    for (std::size_t k = 0; k < kKeys; ++k) sums[k] += q * load(rows + k * keys.stride + i);
  }
  if (i < keys.dim) {
    const Floats q = load_front(query + i, keys.dim - i);
    for (std::size_t k = 0; k < kKeys; ++k)
      sums[k] += q * load_front(rows + k * keys.stride + i, keys.dim - i);
  }
  if constexpr (kKeys == 4) {
    store_folds(sums, scale, scores);
  } else {
    scores[0] = fold(sums[0]) * scale;
  }
}

/// Scores of one query over the first `count` keys of a page become weights, their maximum and their sum.
LYCEUM_LANES void weigh_page(float* scores, std::size_t count, float& top, float& total) {
  top = scores[0];
  for (std::size_t j = 1; j < count; ++j) top = scores[j] > top ? scores[j] : top;
  Floats sums{};
  for (std::size_t j = 0; j < count; j += kLanes) {
    store_front(scores + j, exp_lanes(load_front(scores + j, count - j) - top), count - j);
    sums += load_front(scores + j, count - j);
  }
  total = fold(sums);
}

template <class Isa>
static void score_page(const PageRows& keys, const float* const* queries, std::size_t num_queries,
                       float scale, PageScores& page) {
  for (std::size_t first = 0; first < kAttentionPage; first += kRowsPerMeeting) {
    const float* const rows = keys.first + first * keys.stride;
    for (std::size_t q = 0; q < num_queries; ++q) {
      float* const scores = page.weights[q] + first;
      if (first + kRowsPerMeeting <= page.counts[q]) {
        score_keys<kRowsPerMeeting>(keys, rows, queries[q], scale, scores);
        continue;
      }
      for (std::size_t j = first; j < page.counts[q]; ++j)
        score_keys<1>(keys, rows + (j - first) * keys.stride, queries[q], scale, scores + (j - first));
    }
  }
  for (std::size_t q = 0; q < num_queries; ++q) {
    if (page.counts[q] > 0) weigh_page(page.weights[q], page.counts[q], page.tops[q], page.totals[q]);
  }
}

/// out[0 .. 16 kVectors) += weights[j] * row j, in rising j; `width` values of the only vector.
template <std::size_t kVectors>
[[gnu::always_inline]] static inline void add_values(const PageRows& values, const float* rows,
                                                     const float* weights, std::size_t count,
                                                     std::size_t width, float* out) {
  Floats sums[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v)
    sums[v] = kVectors == 1 ? load_front(out, width) : load(out + v * kLanes);
  for (std::size_t j = 0; j < count; ++j) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const float* const from = rows + j * values.stride + v * kLanes;
      sums[v] += weights[j] * (kVectors == 1 ? load_front(from, width) : load(from));
    }
  }
  for (std::size_t v = 0; v < kVectors; ++v) {
    if (kVectors == 1) {
      store_front(out, sums[v], width);
    } else {
      store(out + v * kLanes, sums[v]);
    }
  }
}

template <class Isa>
static void mix_page(const PageRows& values, const PageScores& page, std::size_t num_queries,
                     float* const* outs) {
  for (std::size_t q = 0; q < num_queries; ++q) {
    if (page.counts[q] > 0) __builtin_memset(outs[q], 0, values.dim * sizeof(float));
  }
  for (std::size_t first = 0; first < kAttentionPage; first += kRowsPerMeeting) {
    const float* const rows = values.first + first * values.stride;
    for (std::size_t q = 0; q < num_queries; ++q) {
      if (page.counts[q] <= first) continue;
      const std::size_t left = page.counts[q] - first;
      const std::size_t count = left < kRowsPerMeeting ? left : kRowsPerMeeting;
      const float* const weights = page.weights[q] + first;
      std::size_t d = 0;
      for (; d + 8 * kLanes <= values.dim; d += 8 * kLanes)
        add_values<8>(values, rows + d, weights, count, kLanes, outs[q] + d);
      for (; d < values.dim; d += kLanes)
        add_values<1>(values, rows + d, weights, count, values.dim - d, outs[q] + d);
    }
  }
}

LYCEUM_LANES void merge_page(float* out, const float* page, std::size_t size, float old_share,
                             float new_share) {
  for (std::size_t i = 0; i < size; i += kLanes) {
    const std::size_t count = size - i;
    store_front(out + i, load_front(out + i, count) * old_share + load_front(page + i, count) * new_share,
                count);
  }
}

LYCEUM_LANES float exp_of(float x) {
  return exp_lanes(all(x))[0];
}

/// What the queries of a tile have gathered from the pages so far.
struct TileState {
  float tops[kQueryTile];
  float totals[kQueryTile];
  float* outs[kQueryTile];
};

template <class Isa>
static void merge_tile(const PageScores& page, float* const* page_outs, std::size_t num_queries,
                       std::size_t value_dim, TileState& state) {
  for (std::size_t q = 0; q < num_queries; ++q) {
    if (page.counts[q] == 0) continue;
    const float top = state.tops[q] < page.tops[q] ? page.tops[q] : state.tops[q];
    const float old_share = exp_of(state.tops[q] - top);
    const float new_share = exp_of(page.tops[q] - top);
    state.tops[q] = top;
    state.totals[q] = state.totals[q] * old_share + page.totals[q] * new_share;
    merge_page(state.outs[q], page_outs[q], value_dim, old_share, new_share);
  }
}

/// One head of the tile.
template <class Isa>
static void attend_head(const AttentionShape& shape, const AttentionTile& tile, std::size_t head) {
  TileState state{};
  float* page_outs[kQueryTile]{};
  const float* queries[kQueryTile]{};
  std::size_t most_keys = 0;
  for (std::size_t q = 0; q < tile.num_queries; ++q) {
    most_keys = tile.num_keys[q] > most_keys ? tile.num_keys[q] : most_keys;
    queries[q] = tile.queries[q] + head * shape.key_dim;
    state.outs[q] = tile.outs[q] + head * shape.value_dim;
    page_outs[q] = tile.scratch + q * shape.value_dim;
  }
  PageScores page;
  for (std::size_t first = 0; first < most_keys; first += kAttentionPage) {
    const std::size_t index = first / kAttentionPage;
    for (std::size_t q = 0; q < tile.num_queries; ++q) {
      const std::size_t left = tile.num_keys[q] > first ? tile.num_keys[q] - first : 0;
      page.counts[q] = left < kAttentionPage ? left : kAttentionPage;
    }
    score_page<Isa>({tile.key_pages[index] + tile.kv_head * shape.key_dim, shape.key_stride, shape.key_dim},
                    queries, tile.num_queries, shape.scale, page);
    const PageRows values{tile.value_pages[index] + tile.kv_head * shape.value_dim, shape.value_stride,
                          shape.value_dim};
    mix_page<Isa>(values, page, tile.num_queries, first == 0 ? state.outs : page_outs);
    if (first > 0) {
      merge_tile<Isa>(page, page_outs, tile.num_queries, shape.value_dim, state);
      continue;
    }
    __builtin_memcpy(state.tops, page.tops, sizeof(page.tops));
    __builtin_memcpy(state.totals, page.totals, sizeof(page.totals));
  }
  for (std::size_t q = 0; q < tile.num_queries; ++q) {
    for (std::size_t d = 0; d < shape.value_dim; ++d) state.outs[q][d] /= state.totals[q];
  }
}

template <class Isa>
static void attention(const AttentionShape& shape, const AttentionTile& tile) {
  const std::size_t group = shape.num_heads / shape.num_kv_heads;
  for (std::size_t head = tile.kv_head * group; head < (tile.kv_head + 1) * group; ++head)
    attend_head<Isa>(shape, tile, head);
}

}  // namespace lyceum::kernels::cpu
