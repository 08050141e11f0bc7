#include "base/ids.hpp"

#include <gtest/gtest.h>

namespace lyceum {
namespace {

TEST(IdGenerator, IdsRiseStrictlyEvenWhenTheClockStandsStillOrGoesBack) {
  ManualClock clock;
  SeededRandom random(1);
  IdGenerator ids(clock, random);
  std::string last = ids.next();

  for (int i = 0; i < 1000; ++i) {
    if (i == 500) clock.advance(std::chrono::milliseconds(-50));
    const std::string id = ids.next();
    EXPECT_LT(last, id);
    EXPECT_TRUE(is_ulid(id)) << id;
    last = id;
  }
}

TEST(IdGenerator, TheTimeIsInTheFirstTenDigits) {
  ManualClock clock(0);
  SeededRandom random(1);
  IdGenerator ids(clock, random);

  EXPECT_EQ(ids.next().substr(0, 10), "0000000000");
  clock.advance(std::chrono::milliseconds(33));
  EXPECT_EQ(ids.next().substr(0, 10), "0000000011");
}

TEST(IsUlid, RefusesOtherAlphabetsAndLengths) {
  EXPECT_FALSE(is_ulid("01ARZ3NDEKTSV4RRFFQ69G5FA"));
  EXPECT_FALSE(is_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAU"));
  EXPECT_FALSE(is_ulid("81ARZ3NDEKTSV4RRFFQ69G5FAV"));
  EXPECT_TRUE(is_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
}

}  // namespace
}  // namespace lyceum
