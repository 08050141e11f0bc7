#include "base/splitmix64.hpp"

#include <gtest/gtest.h>

namespace lyceum {
namespace {

// The author's program (prng.di.unimi.it/splitmix64.c) prints these for the seed.
TEST(SplitMix64, GivesThePublishedNumbers) {
  SplitMix64 numbers(1234567);
  EXPECT_EQ(numbers.next(), 6457827717110365317U);
  EXPECT_EQ(numbers.next(), 3203168211198807973U);
  EXPECT_EQ(numbers.next(), 9817491932198370423U);
}

TEST(SplitMix64, AnyNumberCanBeHadWithoutThoseBeforeIt) {
  SplitMix64 numbers(9);
  for (std::uint64_t position = 1; position < 5; ++position)
    EXPECT_EQ(numbers.next(), splitmix64_mix(9 + position * kSplitMix64Step));
}

}  // namespace
}  // namespace lyceum
