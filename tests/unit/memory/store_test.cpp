#include "memory/store.hpp"

#include "base/random.hpp"
#include "tests/unit/memory/store_support.hpp"

namespace lyceum::memory {
namespace {

class StoreTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Store>> open() {
    return open_store({.directory = directory.path("store")}, clock, ids, metrics);
  }

  TemporaryFolder directory;
  ManualClock clock;
  SystemRandom random;
  IdGenerator ids{clock, random};
  Metrics metrics;
};

TEST_F(StoreTest, EveryPartKeepsItsDataInTheOneDirectory) {
  std::string hash;
  {
    const auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    ASSERT_TRUE(run_task((*store)->event_log().append(append_of("run-1", 0, {"a"}))));
    hash = *(*store)->blobs().put_blocking("blob");
    ASSERT_TRUE((*store)->notes().put_blocking({.id = "01A", .subject = "otters", .text = "They float."}));
    IngestRequest request;
    request.collection = "c";
    request.source = "a.txt";
    request.bytes = "Sea otters float on their backs while they eat.";
    ASSERT_TRUE((*store)->documents().ingest_blocking(std::move(request)));
  }

  const auto store = open();

  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(*(*store)->event_log().read_blocking("run-1", 0, 10), std::vector<std::string>{"a"});
  EXPECT_EQ(*(*store)->blobs().get_blocking(hash), "blob");
  EXPECT_EQ((*store)->notes().by_subject_blocking("otters")->size(), 1U);
  const auto hits = (*store)->search().search_blocking({.text = "otter"});
  ASSERT_TRUE(hits);
  EXPECT_EQ(hits->size(), 1U);
}

TEST_F(StoreTest, TheSecondOpenerIsToldWhatToDo) {
  const auto first = open();
  const auto second = open();

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::precondition);
  EXPECT_NE(second.error().message.find("stop it"), std::string::npos) << second.error().message;
}

}  // namespace
}  // namespace lyceum::memory
