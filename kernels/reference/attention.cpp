#include "kernels/attention.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/check.hpp"
#include "kernels/dot.hpp"
#include "kernels/elementary.hpp"

namespace lyceum::kernels::reference {
namespace {

/// A softmax-weighted sum that is not divided yet: everything is relative to e^top.
struct Partial {
  float top = 0.0F;
  float total = 0.0F;
  std::vector<float> values{};
};

/// One head's keys or values within a page.
struct Rows {
  const float* first;
  std::size_t stride;
  std::size_t length;

  std::span<const float> operator[](std::size_t row) const { return {first + row * stride, length}; }
};

Partial attend_page(std::span<const float> query, float scale, const Rows& keys, const Rows& values,
                    std::size_t num_keys) {
  std::array<float, kAttentionPage> scores{};
  for (std::size_t j = 0; j < num_keys; ++j) scores[j] = dot(query, keys[j]) * scale;
  const auto used = std::span(scores).first(num_keys);
  Partial partial{.top = *std::max_element(used.begin(), used.end()),
                  .values = std::vector<float>(values.length)};
  for (std::size_t j = 0; j < num_keys; ++j) {
    scores[j] = exp_f32(scores[j] - partial.top);
    const auto row = values[j];
    for (std::size_t d = 0; d < row.size(); ++d) partial.values[d] += scores[j] * row[d];
  }
  partial.total = sum(used);
  return partial;
}

void merge(Partial& all, const Partial& page) {
  const float top = std::max(all.top, page.top);
  const float old_share = exp_f32(all.top - top);
  const float new_share = exp_f32(page.top - top);
  all.top = top;
  all.total = all.total * old_share + page.total * new_share;
  for (std::size_t d = 0; d < all.values.size(); ++d)
    all.values[d] = all.values[d] * old_share + page.values[d] * new_share;
}

}  // namespace

void attention(const AttentionShape& shape, std::span<const float> query, const KeyValueView& seen,
               std::span<float> out) {
  const std::size_t num_pages = (seen.num_keys + kAttentionPage - 1) / kAttentionPage;
  LYCEUM_CHECK(seen.num_keys > 0 && seen.key_pages.size() >= num_pages &&
               seen.value_pages.size() >= num_pages);
  LYCEUM_CHECK(shape.num_kv_heads > 0 && shape.num_heads % shape.num_kv_heads == 0);
  LYCEUM_CHECK(query.size() == shape.num_heads * shape.key_dim);
  LYCEUM_CHECK(out.size() == shape.num_heads * shape.value_dim);
  const std::size_t group = shape.num_heads / shape.num_kv_heads;
  for (std::size_t head = 0; head < shape.num_heads; ++head) {
    const std::size_t kv_head = head / group;
    const auto head_query = query.subspan(head * shape.key_dim, shape.key_dim);
    Partial all;
    for (std::size_t page = 0; page < num_pages; ++page) {
      const Rows keys{seen.key_pages[page] + kv_head * shape.key_dim, shape.key_stride, shape.key_dim};
      const Rows values{seen.value_pages[page] + kv_head * shape.value_dim, shape.value_stride,
                        shape.value_dim};
      const std::size_t num_keys = std::min(kAttentionPage, seen.num_keys - page * kAttentionPage);
      Partial partial = attend_page(head_query, shape.scale, keys, values, num_keys);
      if (page == 0) {
        all = std::move(partial);
      } else {
        merge(all, partial);
      }
    }
    for (std::size_t d = 0; d < shape.value_dim; ++d)
      out[head * shape.value_dim + d] = all.values[d] / all.total;
  }
}

}  // namespace lyceum::kernels::reference
