#include "model/engine/prefix_cache.hpp"

#include "tests/unit/model/engine/engine_driver.hpp"

namespace lyceum::model {
namespace {

class PrefixCacheTest : public testing::Test {
 protected:
  void keep(const std::vector<TokenId>& tokens) {
    std::vector<KeyValuePage> pages;
    for (std::size_t at = 0; at < tokens.size(); at += 64) pages.push_back(pool_->take());
    cache_.insert("", tokens, pages);
  }

  std::size_t found(const std::vector<TokenId>& tokens) { return cache_.find("", tokens).length; }

  EngineModelFixture model_{};
  std::shared_ptr<KeyValuePool> pool_ = std::make_shared<KeyValuePool>(model_.transformer().config(), 64);
  PrefixCache cache_{};
};

TEST_F(PrefixCacheTest, FindsTheLongestBeginningToTheToken) {
  keep(prompt_of(150, 1));
  EXPECT_EQ(found(prompt_of(150, 1)), 150U);
  EXPECT_EQ(found(prompt_of(200, 1)), 150U);
  EXPECT_EQ(found(prompt_of(70, 1)), 70U);
  std::vector<TokenId> other = prompt_of(150, 1);
  other[100] ^= 1;
  EXPECT_EQ(found(other), 100U);
  other[0] ^= 1;
  EXPECT_EQ(found(other), 0U);
  EXPECT_EQ(cache_.find("other", prompt_of(150, 1)).length, 0U);
}

TEST_F(PrefixCacheTest, KeepsOnePageForWhatIsKnownAndTheLongerOfTwo) {
  keep(prompt_of(100, 1));
  keep(prompt_of(100, 1));
  EXPECT_EQ(cache_.num_pages(), 2U);
  keep(prompt_of(120, 1));
  EXPECT_EQ(cache_.num_pages(), 2U);
  EXPECT_EQ(found(prompt_of(150, 1)), 120U);
  EXPECT_EQ(pool_->num_used(), 2U);
}

TEST_F(PrefixCacheTest, GivesUpTheLeafThatWasNotUsedForLongest) {
  std::vector<TokenId> left = prompt_of(64, 1);
  std::vector<TokenId> right = left;
  left.insert(left.end(), {1, 2, 3});
  right.insert(right.end(), {4, 5, 6});
  keep(left);
  keep(right);
  EXPECT_EQ(found(left), 67U);
  EXPECT_TRUE(cache_.evict());
  EXPECT_EQ(found(left), 67U);
  EXPECT_EQ(found(right), 64U);
  EXPECT_TRUE(cache_.evict());
  EXPECT_TRUE(cache_.evict());
  EXPECT_FALSE(cache_.evict());
  EXPECT_EQ(pool_->num_used(), 0U);
}

TEST_F(PrefixCacheTest, NeverGivesUpAPageThatSomebodyHolds) {
  keep(prompt_of(30, 1));
  const auto hit = cache_.find("", prompt_of(30, 1));
  EXPECT_EQ(cache_.num_idle_pages(), 0U);
  EXPECT_FALSE(cache_.evict());
}

}  // namespace
}  // namespace lyceum::model
