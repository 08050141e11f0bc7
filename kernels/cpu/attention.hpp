#pragma once

#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/lanes.hpp"

/// `reference::attention` for a tile of query tokens: keys and values are read once for all of them.
namespace lyceum::kernels::cpu {

struct PageScores {
  alignas(64) float weights[kQueryTile][kAttentionPage];
  float tops[kQueryTile];
  float totals[kQueryTile];
};

/// Rows of one head within a page.
struct PageRows {
  const float* first;
  std::size_t stride;
  std::size_t dim;
};

template <std::size_t kKeys>
[[gnu::always_inline]] inline void score_keys(const PageRows& keys, std::size_t first_key, const float* query,
                                              float scale, float* scores) {
  Floats sums[kKeys]{};
  const float* const rows = keys.first + first_key * keys.stride;
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
  for (std::size_t k = 0; k < kKeys; ++k) scores[k] = fold(sums[k]) * scale;
}

/// Scores of one query over the first `count` keys of a page become weights, their maximum and their sum.
LYCEUM_LANES void weigh_page(float* scores, std::size_t count, float& top, float& total) {
  top = scores[0];
  for (std::size_t j = 1; j < count; ++j) top = scores[j] > top ? scores[j] : top;
  Floats sums{};
  for (std::size_t j = 0; j < count; j += kLanes) {
    const Floats weights = exp_lanes(load_front(scores + j, count - j) - top);
    store(scores + j, weights);
    sums += load_front(scores + j, count - j);
  }
  total = fold(sums);
}

/// out[q][d .. d + 16 kVectors) = weighted values, or only `width` of the last vector.
template <std::size_t kVectors>
[[gnu::always_inline]] inline void mix_values(const PageRows& values, const PageScores& page,
                                              const std::size_t* counts, std::size_t num_queries,
                                              std::size_t d, std::size_t width, float* const* outs) {
  for (std::size_t q = 0; q < num_queries; ++q) {
    Floats sums[kVectors]{};
    for (std::size_t j = 0; j < counts[q]; ++j) {
      const float* const row = values.first + j * values.stride + d;
      for (std::size_t v = 0; v < kVectors; ++v) {
        const Floats value = kVectors == 1 ? load_front(row, width) : load(row + v * kLanes);
        sums[v] += page.weights[q][j] * value;
      }
    }
    if (counts[q] == 0) continue;
    for (std::size_t v = 0; v < kVectors; ++v)
      store_front(outs[q] + d + v * kLanes, sums[v], kVectors == 1 ? width : kLanes);
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

/// One head of the tile.
template <class Isa>
static void attend_head(const AttentionShape& shape, const AttentionTile& tile, std::size_t head) {
  float tops[kQueryTile]{};
  float totals[kQueryTile]{};
  std::size_t most_keys = 0;
  float* outs[kQueryTile]{};
  float* page_outs[kQueryTile]{};
  for (std::size_t q = 0; q < tile.num_queries; ++q) {
    most_keys = tile.num_keys[q] > most_keys ? tile.num_keys[q] : most_keys;
    outs[q] = tile.outs[q] + head * shape.value_dim;
    page_outs[q] = tile.scratch + q * shape.value_dim;
  }
  for (std::size_t first = 0; first < most_keys; first += kAttentionPage) {
    const std::size_t index = first / kAttentionPage;
    const PageRows keys{tile.key_pages[index] + tile.kv_head * shape.key_dim, shape.key_stride,
                        shape.key_dim};
    const PageRows values{tile.value_pages[index] + tile.kv_head * shape.value_dim, shape.value_stride,
                          shape.value_dim};
    PageScores page;
    std::size_t counts[kQueryTile]{};
    for (std::size_t q = 0; q < tile.num_queries; ++q) {
      const std::size_t left = tile.num_keys[q] > first ? tile.num_keys[q] - first : 0;
      counts[q] = left < kAttentionPage ? left : kAttentionPage;
      if (counts[q] == 0) continue;
      const float* const query = tile.queries[q] + head * shape.key_dim;
      std::size_t j = 0;
      for (; j + 4 <= counts[q]; j += 4) score_keys<4>(keys, j, query, shape.scale, page.weights[q] + j);
      for (; j < counts[q]; ++j) score_keys<1>(keys, j, query, shape.scale, page.weights[q] + j);
      weigh_page(page.weights[q], counts[q], page.tops[q], page.totals[q]);
    }
    float* const* const targets = first == 0 ? outs : page_outs;
    std::size_t d = 0;
    for (; d + 4 * kLanes <= shape.value_dim; d += 4 * kLanes)
      mix_values<4>(values, page, counts, tile.num_queries, d, kLanes, targets);
    for (; d < shape.value_dim; d += kLanes)
      mix_values<1>(values, page, counts, tile.num_queries, d, shape.value_dim - d, targets);
    for (std::size_t q = 0; q < tile.num_queries; ++q) {
      if (counts[q] == 0) continue;
      if (first == 0) {
        tops[q] = page.tops[q];
        totals[q] = page.totals[q];
        continue;
      }
      const float top = tops[q] < page.tops[q] ? page.tops[q] : tops[q];
      const float old_share = exp_of(tops[q] - top);
      const float new_share = exp_of(page.tops[q] - top);
      tops[q] = top;
      totals[q] = totals[q] * old_share + page.totals[q] * new_share;
      merge_page(outs[q], page_outs[q], shape.value_dim, old_share, new_share);
    }
  }
  for (std::size_t q = 0; q < tile.num_queries; ++q) {
    for (std::size_t d = 0; d < shape.value_dim; ++d) outs[q][d] /= totals[q];
  }
}

template <class Isa>
static void attention(const AttentionShape& shape, const AttentionTile& tile) {
  const std::size_t group = shape.num_heads / shape.num_kv_heads;
  for (std::size_t head = tile.kv_head * group; head < (tile.kv_head + 1) * group; ++head)
    attend_head<Isa>(shape, tile, head);
}

}  // namespace lyceum::kernels::cpu
