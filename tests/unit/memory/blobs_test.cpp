// The contract of memory/blobs.hpp.
#include "memory/rocksdb/blobs.hpp"

#include <thread>

#include "base/hash.hpp"
#include "memory/codec/record.hpp"
#include "tests/unit/memory/store_support.hpp"

namespace lyceum::memory {
namespace {

class BlobsContract : public DatabaseTest {
 protected:
  std::unique_ptr<Blobs> blobs = make_blobs(*database);
};

TEST_F(BlobsContract, PutReturnsTheHashAndGetTheBytes) {
  for (const std::string& bytes : {std::string(), std::string("a\0b", 3), std::string(200'000, 'x')}) {
    const auto hash = blobs->put_blocking(bytes);
    ASSERT_TRUE(hash);
    EXPECT_EQ(*hash, sha256_hex(bytes));
    EXPECT_EQ(*blobs->get_blocking(*hash), bytes);
  }
}

TEST_F(BlobsContract, TheLastReleaseRemovesTheBytes) {
  const std::string hash = *blobs->put_blocking("abc");
  EXPECT_EQ(*blobs->put_blocking("abc"), hash);

  EXPECT_TRUE(blobs->release_blocking(hash));
  EXPECT_EQ(*blobs->get_blocking(hash), "abc");
  EXPECT_TRUE(blobs->release_blocking(hash));
  EXPECT_EQ(blobs->get_blocking(hash).error().code, Errc::not_found);
  EXPECT_EQ(blobs->release_blocking(hash).error().code, Errc::not_found);

  EXPECT_EQ(*blobs->put_blocking("abc"), hash);
  EXPECT_EQ(*blobs->get_blocking(hash), "abc");
}

TEST_F(BlobsContract, BlobsAndTheirCountsOutliveReopening) {
  const std::string hash = *blobs->put_blocking(std::string(100'000, 'x'));
  ASSERT_TRUE(blobs->put_blocking(std::string(100'000, 'x')));

  reopen();
  blobs = make_blobs(*database);

  EXPECT_TRUE(blobs->release_blocking(hash));
  EXPECT_EQ(blobs->get_blocking(hash)->size(), 100'000U);
  EXPECT_TRUE(blobs->release_blocking(hash));
  EXPECT_FALSE(blobs->get_blocking(hash));
}

TEST_F(BlobsContract, BytesThatAreNotThoseOfTheHashAreDataLoss) {
  const std::string hash = *blobs->put_blocking("abc");
  for (const std::string& wrong : {encode_record("abd"), std::string("rubbish")}) {
    Change change = [&](Transaction& transaction) {
      transaction.put(Family::blobs, hash, wrong);
      return ok();
    };
    ASSERT_TRUE(database->commit_blocking(change, Durability::grouped));

    EXPECT_EQ(blobs->get_blocking(hash).error().code, Errc::data_loss);
  }
}

TEST_F(BlobsContract, PutsAndReleasesAtOnceNeverLoseACount) {
  const std::string hash = *blobs->put_blocking("shared");
  const auto put_and_release = [this] {
    for (int i = 0; i < 200; ++i) {
      const auto put = blobs->put_blocking("shared");
      ASSERT_TRUE(put);
      ASSERT_TRUE(blobs->get_blocking(*put));
      ASSERT_TRUE(blobs->release_blocking(*put));
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(put_and_release);
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(*blobs->get_blocking(hash), "shared");
  EXPECT_TRUE(blobs->release_blocking(hash));
  EXPECT_FALSE(blobs->get_blocking(hash));
}

}  // namespace
}  // namespace lyceum::memory
