#include "kernels/attention.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/unit/kernels/random_values.hpp"

namespace lyceum::kernels {
namespace {

/// Keys and values of `num_keys` tokens in pages.
struct Pages {
  std::vector<std::vector<float>> keys{};
  std::vector<std::vector<float>> values{};
  std::vector<const float*> key_pages{};
  std::vector<const float*> value_pages{};

  Pages(const AttentionShape& shape, std::size_t num_keys) {
    for (std::size_t page = 0; page * kAttentionPage < num_keys; ++page) {
      keys.push_back(random_values(kAttentionPage * shape.key_stride, 20 + page));
      values.push_back(random_values(kAttentionPage * shape.value_stride, 50 + page));
    }
    for (const auto& page : keys) key_pages.push_back(page.data());
    for (const auto& page : values) value_pages.push_back(page.data());
  }

  KeyValueView first(std::size_t num_keys) const { return {key_pages, value_pages, num_keys}; }
};

double exact_output(const AttentionShape& shape, const Pages& pages, std::span<const float> query,
                    std::size_t num_keys, std::size_t head, std::size_t d) {
  const std::size_t kv_head = head / (shape.num_heads / shape.num_kv_heads);
  double total = 0.0;
  double value = 0.0;
  for (std::size_t j = 0; j < num_keys; ++j) {
    const std::size_t row = j % kAttentionPage;
    const auto& keys = pages.keys[j / kAttentionPage];
    double score = 0.0;
    for (std::size_t i = 0; i < shape.key_dim; ++i)
      score += static_cast<double>(query[head * shape.key_dim + i]) *
               static_cast<double>(keys[row * shape.key_stride + kv_head * shape.key_dim + i]);
    const double weight = std::exp(score * static_cast<double>(shape.scale));
    total += weight;
    value += weight *
             static_cast<double>(
                 pages.values[j / kAttentionPage][row * shape.value_stride + kv_head * shape.value_dim + d]);
  }
  return value / total;
}

TEST(Attention, AgreesWithDoublePrecisionAcrossPages) {
  const AttentionShape shape{4, 2, 24, 16, 48, 32, 0.8F};
  const Pages pages(shape, 200);
  const auto query = random_values(shape.num_heads * shape.key_dim, 10);
  for (const std::size_t num_keys : {1U, 2U, 63U, 64U, 65U, 128U, 200U}) {
    std::vector<float> out(shape.num_heads * shape.value_dim);
    reference::attention(shape, query, pages.first(num_keys), out);
    for (std::size_t head = 0; head < shape.num_heads; ++head) {
      for (std::size_t d = 0; d < shape.value_dim; ++d)
        ASSERT_NEAR(static_cast<double>(out[head * shape.value_dim + d]),
                    exact_output(shape, pages, query, num_keys, head, d), 2e-6)
            << num_keys << " keys, head " << head;
    }
  }
}

TEST(Attention, TakesValuesFromTheFrontOfKeysForLatentAttention) {
  const AttentionShape shape{2, 1, 12, 8, 12, 12, 0.5F};
  Pages pages(shape, 70);
  pages.values = pages.keys;
  pages.value_pages = pages.key_pages;
  const auto query = random_values(shape.num_heads * shape.key_dim, 11);
  std::vector<float> out(shape.num_heads * shape.value_dim);
  reference::attention(shape, query, pages.first(70), out);
  EXPECT_NEAR(static_cast<double>(out[9]), exact_output(shape, pages, query, 70, 1, 1), 2e-6);
}

TEST(Attention, BearsScoresFarApart) {
  const AttentionShape shape{1, 1, 1, 1, 1, 1, 1.0F};
  std::vector<float> keys(kAttentionPage, 0.0F);
  std::vector<float> values(kAttentionPage, 1.0F);
  keys[1] = 500.0F;
  values[1] = 7.0F;
  const float* key_page = keys.data();
  const float* value_page = values.data();
  const std::vector<float> query{1.0F};
  std::vector<float> out(1);
  reference::attention(shape, query, {{&key_page, 1}, {&value_page, 1}, 3}, out);
  EXPECT_EQ(out[0], 7.0F);
}

}  // namespace
}  // namespace lyceum::kernels
