#include "memory/rocksdb/database.hpp"

#include <fstream>
#include <future>

#include "tests/unit/memory/store_support.hpp"

namespace lyceum::memory {
namespace {

Change put_change(std::string key, std::string value) {
  return [key = std::move(key), value = std::move(value)](Transaction& transaction) {
    transaction.put(Family::meta, key, value);
    return ok();
  };
}

TEST_F(DatabaseTest, ASecondOpenIsAPreconditionThatNamesTheDirectory) {
  const auto second = Database::open({.directory = directory.path("store")}, metrics);

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::precondition);
  EXPECT_NE(second.error().message.find(directory.path("store")), std::string::npos)
      << second.error().message;
}

TEST_F(DatabaseTest, AFileInTheDirectorysPlaceIsAnIoError) {
  std::ofstream(directory.path("file")) << "x";

  EXPECT_EQ(Database::open({.directory = directory.path("file")}, metrics).error().code, Errc::io);
}

TEST_F(DatabaseTest, ANewerFormatIsRefused) {
  ASSERT_TRUE(database->commit_blocking(put_change("format", "99"), Durability::synced));
  database.reset();

  EXPECT_EQ(Database::open({.directory = directory.path("store")}, metrics).error().code, Errc::precondition);
}

TEST_F(DatabaseTest, AFailedChangeWritesNothingAndLeavesItsNeighboursAlone) {
  // Held back until all three wait, so that they share a commit.
  std::promise<void> gate;
  std::future<Result<void>> blocker = std::async(std::launch::async, [&] {
    Change wait = [&](Transaction&) {
      gate.get_future().wait();
      return ok();
    };
    return database->commit_blocking(wait, Durability::grouped);
  });
  Change failing = [](Transaction& transaction) -> Result<void> {
    transaction.put(Family::meta, "a", "wrong");
    transaction.put(Family::meta, "b", "wrong");
    return Error{Errc::conflict, "refused"};
  };
  Change reading = [](Transaction& transaction) -> Result<void> {
    TRY(const auto a, transaction.get(Family::meta, "a"));
    TRY(const auto b, transaction.get(Family::meta, "b"));
    transaction.put(Family::meta, "seen", a.value_or("nothing") + "," + b.value_or("nothing"));
    return ok();
  };
  net::io_context io(1);
  std::vector<Errc> errors;
  const auto spawn = [&](Change change) {
    net::co_spawn(io, database->commit(std::move(change), Durability::grouped),
                  [&](const std::exception_ptr&, const Result<void>& result) {
                    if (!result) errors.push_back(result.error().code);
                  });
  };
  spawn(put_change("a", "right"));
  spawn(failing);
  spawn(reading);
  io.poll();
  gate.set_value();
  io.run();
  ASSERT_TRUE(blocker.get());

  EXPECT_EQ(errors, std::vector<Errc>{Errc::conflict});
  EXPECT_EQ(**database->get(Family::meta, "a"), "right");
  EXPECT_EQ(*database->get(Family::meta, "b"), std::nullopt);
  EXPECT_EQ(**database->get(Family::meta, "seen"), "right,nothing");
}

TEST_F(DatabaseTest, AppendedBatchesAreWrittenWithTheirChange) {
  rocksdb::WriteBatch batch;
  ASSERT_TRUE(batch.Put(database->handle(Family::postings), "p", "1").ok());
  ASSERT_TRUE(batch.Put(database->handle(Family::chunks), "c", "2").ok());
  ASSERT_TRUE(batch.Delete(database->handle(Family::chunks), "c").ok());
  Change append = [&](Transaction& transaction) { return transaction.append(batch); };

  ASSERT_TRUE(database->commit_blocking(append, Durability::grouped));

  EXPECT_EQ(**database->get(Family::postings, "p"), "1");
  EXPECT_EQ(*database->get(Family::chunks, "c"), std::nullopt);
}

TEST_F(DatabaseTest, ScanStaysInItsBounds) {
  for (const char* key : {"a", "b", "c"}) {
    ASSERT_TRUE(database->commit_blocking(put_change(key, key), Durability::grouped));
  }

  std::string forward;
  Cursor cursor = database->scan(Family::meta, "a", "c");
  for (cursor.to_first(); cursor.is_valid(); cursor.next()) forward += cursor.key();
  std::string backward;
  for (cursor.to_last(); cursor.is_valid(); cursor.previous()) backward += cursor.value();

  EXPECT_EQ(forward, "ab");
  EXPECT_EQ(backward, "ba");
  EXPECT_TRUE(cursor.status());
}

TEST_F(DatabaseTest, MoreWaitingCommitsThanTheLimitAreRefusedAsOverloaded) {
  std::promise<void> gate;
  std::promise<void> begun;
  std::future<Result<void>> blocker = std::async(std::launch::async, [&] {
    Change wait = [&](Transaction&) {
      begun.set_value();
      gate.get_future().wait();
      return ok();
    };
    return database->commit_blocking(wait, Durability::grouped);
  });
  begun.get_future().wait();
  net::io_context io(1);
  std::size_t num_ok = 0;
  std::vector<Errc> errors;
  for (std::size_t i = 0; i < kMaxWaitingCommits + 3; ++i) {
    net::co_spawn(io, database->commit(put_change("k", "v"), Durability::grouped),
                  [&](const std::exception_ptr&, const Result<void>& result) {
                    if (result) {
                      ++num_ok;
                    } else {
                      errors.push_back(result.error().code);
                    }
                  });
  }
  io.poll();
  gate.set_value();
  io.run();

  EXPECT_TRUE(blocker.get());
  EXPECT_EQ(num_ok, kMaxWaitingCommits);
  EXPECT_EQ(errors, std::vector<Errc>(3, Errc::overloaded));
}

TEST_F(DatabaseTest, ClosingWritesWhatWaits) {
  net::io_context io(1);
  int num_ok = 0;
  for (int i = 0; i < 100; ++i) {
    net::co_spawn(io, database->commit(put_change("k" + std::to_string(i), "v"), Durability::grouped),
                  [&](const std::exception_ptr&, const Result<void>& result) { num_ok += result ? 1 : 0; });
  }
  io.poll();

  reopen();
  io.run();

  EXPECT_EQ(num_ok, 100);
  EXPECT_EQ(**database->get(Family::meta, "k99"), "v");
}

}  // namespace
}  // namespace lyceum::memory
