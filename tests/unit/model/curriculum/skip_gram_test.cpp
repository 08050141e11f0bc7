#include "model/curriculum/skip_gram.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "model/training/seeded.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kItems = 9;  // 0 and 1 stand among 4 and 5, 2 and 3 among 6 and 7; 8 stands nowhere.
constexpr SkipGramOptions kOptions = {.dimensions = 16, .passes = 8, .window = 2, .frequent = 1};

std::vector<std::int32_t> two_worlds() {
  SeededNumbers numbers(3, {});
  std::vector<std::int32_t> items;
  for (int text = 0; text < 400; ++text) {
    const int world = text % 2;
    for (int at = 0; at < 8; ++at) {
      const auto draw = static_cast<std::int32_t>(numbers.below(2));
      items.push_back(at % 2 == 0 ? 2 * world + draw : 4 + 2 * world + draw);
    }
    items.push_back(kTextEnd);
  }
  return items;
}

double cosine(const std::vector<float>& rows, std::size_t a, std::size_t b) {
  double dot = 0;
  double left = 0;
  double right = 0;
  for (std::size_t i = 0; i < kOptions.dimensions; ++i) {
    const double x = static_cast<double>(rows[a * kOptions.dimensions + i]);
    const double y = static_cast<double>(rows[b * kOptions.dimensions + i]);
    dot += x * y;
    left += x * x;
    right += y * y;
  }
  return dot / std::sqrt(left * right);
}

TEST(SkipGram, ItemsWithTheSameNeighboursGetAlikeVectors) {
  const auto rows = train_skip_gram(two_worlds(), kItems, kOptions);

  ASSERT_EQ(rows.size(), kItems * kOptions.dimensions);
  EXPECT_GT(cosine(rows, 0, 1), 0.9);
  EXPECT_GT(cosine(rows, 2, 3), 0.9);
  EXPECT_LT(cosine(rows, 0, 2), cosine(rows, 0, 1) - 0.3);
}

TEST(SkipGram, AnItemThatNoTextHoldsStaysShort) {
  const auto rows = train_skip_gram(two_worlds(), kItems, kOptions);
  double squares = 0;
  for (std::size_t i = 8 * kOptions.dimensions; i < rows.size(); ++i)
    squares += static_cast<double>(rows[i]) * static_cast<double>(rows[i]);
  EXPECT_LT(std::sqrt(squares), 0.1);
}

TEST(SkipGram, TheSameSeedGivesTheSameBitsAndAnotherOthers) {
  auto other = kOptions;
  other.seed = 2;
  const auto rows = train_skip_gram(two_worlds(), kItems, kOptions);
  EXPECT_EQ(rows, train_skip_gram(two_worlds(), kItems, kOptions));
  EXPECT_NE(rows, train_skip_gram(two_worlds(), kItems, other));
}

}  // namespace
}  // namespace lyceum::model
