#include "model/architectures/key_value_state.hpp"

#include "tests/unit/model/engine/engine_driver.hpp"

namespace lyceum::model {
namespace {

class KeyValueStateTest : public testing::Test {
 protected:
  void append(KeyValueState& state, std::size_t count) {
    state.reserve(count);
    state.advance(count);
  }

  EngineModelFixture model_{};
  std::shared_ptr<KeyValuePool> pool_ = std::make_shared<KeyValuePool>(model_.transformer().config(), 8);
};

TEST_F(KeyValueStateTest, SharesAllPagesOfAForkAndCopiesTheLastOnAppend) {
  KeyValueState state(pool_);
  append(state, 100);
  *state.key_row(1, 99) = 5.0F;
  KeyValueState fork = state;
  EXPECT_EQ(pool_->num_used(), 2U);
  EXPECT_EQ(fork.pages_to_reserve(1), 1U);
  append(fork, 1);
  EXPECT_EQ(pool_->num_used(), 3U);
  EXPECT_EQ(fork.pages()[0], state.pages()[0]);
  EXPECT_NE(fork.pages()[1], state.pages()[1]);
  EXPECT_EQ(*fork.key_row(1, 99), 5.0F);
  *fork.key_row(1, 100) = 7.0F;
  append(state, 1);
  EXPECT_EQ(pool_->num_used(), 3U);
  EXPECT_NE(*state.key_row(1, 100), 7.0F);
}

TEST_F(KeyValueStateTest, NeedsNoCopyWhereAForkBeginsAPage) {
  KeyValueState state(pool_);
  append(state, 64);
  KeyValueState fork = state;
  EXPECT_EQ(fork.pages_to_reserve(64), 1U);
  EXPECT_EQ(fork.pages_to_reserve(65), 2U);
}

TEST_F(KeyValueStateTest, GivesPagesBackWithItsLastReference) {
  {
    KeyValueState state(pool_);
    append(state, 200);
    const KeyValueState fork = state;
    state.truncate(64);
    EXPECT_EQ(pool_->num_used(), 4U);
  }
  EXPECT_EQ(pool_->num_used(), 0U);
  EXPECT_EQ(pool_->num_available(), 8U);
}

}  // namespace
}  // namespace lyceum::model
