#include "model/architectures/device_expert_cache.hpp"

#include <gtest/gtest.h>

namespace lyceum::model {
namespace {

/// One step that uses `experts`; how many of them had a slot.
std::size_t use_all(ExpertCache& cache, const std::vector<std::size_t>& experts) {
  cache.begin_step();
  std::size_t num_hits = 0;
  for (const std::size_t expert : experts) {
    cache.use(expert);
    if (cache.slot_of(expert)) {
      ++num_hits;
    } else {
      EXPECT_TRUE(cache.admit(expert, expert));
    }
  }
  return num_hits;
}

void use_expert(ExpertCache& cache, std::size_t expert, int num_steps) {
  for (int step = 0; step < num_steps; ++step) use_all(cache, {expert});
}

TEST(ExpertCache, GivesEmptySlotsFirstAndEverySlotToOneExpert) {
  ExpertCache cache(6, 3);

  EXPECT_EQ(use_all(cache, {0, 1, 2}), 0U);
  EXPECT_EQ(cache.slot_of(0), 0U);
  EXPECT_EQ(cache.slot_of(1), 1U);
  EXPECT_EQ(cache.slot_of(2), 2U);
  EXPECT_EQ(use_all(cache, {0, 1, 2}), 3U);

  const auto slot = cache.admit(4, 0);
  ASSERT_TRUE(slot);
  std::size_t num_there = 0;
  for (std::size_t expert = 0; expert < 6; ++expert) num_there += cache.slot_of(expert).has_value() ? 1 : 0;
  EXPECT_EQ(num_there, 3U);
  EXPECT_EQ(cache.slot_of(4), slot);
}

TEST(ExpertCache, KeepsWhatIsUsedOftenThroughManyThatAreUsedOnce) {
  ExpertCache cache(40, 3);
  use_expert(cache, 0, 10);

  for (std::size_t expert = 1; expert < 40; ++expert) use_all(cache, {expert});

  EXPECT_TRUE(cache.slot_of(0));
}

TEST(ExpertCache, ForgetsWhatWasUsedLongAgo) {
  ExpertCache cache(3, 2);
  use_expert(cache, 0, 4);
  for (int step = 0; step < 400; ++step) use_all(cache, {});
  use_expert(cache, 1, 2);
  cache.begin_step();

  cache.admit(2, 0);

  EXPECT_FALSE(cache.slot_of(0));
  EXPECT_TRUE(cache.slot_of(1));
}

TEST(ExpertCache, RemembersTheHeatOfThoseOutside) {
  ExpertCache cache(4, 2);
  use_expert(cache, 0, 5);
  use_all(cache, {1});
  cache.hold(1);
  cache.admit(2, 0);
  cache.release(1);
  ASSERT_FALSE(cache.slot_of(0));
  cache.admit(0, 0);
  cache.begin_step();

  cache.admit(3, 0);

  EXPECT_TRUE(cache.slot_of(0));
  EXPECT_FALSE(cache.slot_of(1));
}

TEST(ExpertCache, LetsNothingGoThatIsHeld) {
  ExpertCache cache(4, 2);
  use_all(cache, {0, 1});
  cache.hold(0);
  cache.hold(1);
  EXPECT_FALSE(cache.admit(2, 2));
  EXPECT_TRUE(cache.slot_of(0));
  EXPECT_TRUE(cache.slot_of(1));

  cache.release(1);
  const auto slot = cache.admit(2, 2);

  EXPECT_EQ(slot, 1U);
  EXPECT_TRUE(cache.slot_of(0));
  EXPECT_FALSE(cache.slot_of(1));
}

// Goal: a model that uses all its experts in every pass finds most of what the slots hold, where the order of
// recency alone would find nothing.
TEST(ExpertCache, FindsPartOfEveryPassThroughMoreThanItHolds) {
  constexpr std::size_t kExperts = 32;
  constexpr std::size_t kSlots = 16;
  ExpertCache cache(kExperts, kSlots);
  std::vector<std::size_t> all;
  for (std::size_t expert = 0; expert < kExperts; ++expert) all.push_back(expert);

  std::size_t num_hits = 0;
  for (int step = 0; step < 5; ++step) num_hits = use_all(cache, all);

  EXPECT_GE(num_hits, kSlots - 2);
}

}  // namespace
}  // namespace lyceum::model
