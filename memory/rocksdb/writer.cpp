#include "memory/rocksdb/writer.hpp"

#include <chrono>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace lyceum::memory {
namespace {

constexpr std::size_t kMaxGroupedChanges = 1024;
constexpr std::size_t kMaxGroupedBytes = 8U << 20U;
/// A key that no family has.
const rocksdb::Slice kNoKey("\0", 1);

}  // namespace

Writer::Writer(const Database& database) : database_(database), thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  is_wanted_.notify_one();
  thread_.join();
}

void Writer::enqueue(Change change, Durability durability, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() < kMaxWaitingCommits) {
      queue_.push_back({std::move(change), durability, std::move(done)});
      is_wanted_.notify_one();
      return;
    }
  }
  done(Error{Errc::overloaded, "store: too many writes are waiting; retry later"});
}

void Writer::run() {
  std::vector<Waiting> group;
  while (take(group)) {
    std::size_t num_written = 0;
    while (num_written < group.size()) num_written = write_some(group, num_written);
    group.clear();
  }
}

bool Writer::take(std::vector<Waiting>& group) {
  std::unique_lock lock(mutex_);
  is_wanted_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
  while (!queue_.empty() && group.size() < kMaxGroupedChanges) {
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return !group.empty();
}

/// Joins the changes from `first` on, up to kMaxGroupedBytes, into one write; returns the index of the next
/// one.
std::size_t Writer::write_some(std::vector<Waiting>& group, std::size_t first) {
  const Result<void> usable = is_degraded_ ? bring_back() : ok();
  Transaction transaction(database_);
  std::vector<Result<void>> results;
  bool is_synced = false;
  std::size_t next = first;
  for (; next < group.size() && transaction.size_bytes() < kMaxGroupedBytes; ++next) {
    if (!usable) {
      results.push_back(usable);
      continue;
    }
    transaction.begin_change();
    results.push_back(group[next].change(transaction));
    transaction.end_change(results.back().has_value());
    is_synced = is_synced || (results.back() && group[next].durability == Durability::synced);
  }
  const Result<void> written = usable ? write(transaction, is_synced, next - first) : ok();
  for (std::size_t i = first; i < next; ++i) {
    Result<void>& result = results[i - first];
    group[i].done(result && !written ? written : std::move(result));
  }
  return next;
}

Result<void> Writer::write(Transaction& transaction, bool is_synced, std::size_t num_changes) {
  if (transaction.batch_.Count() == 0) return ok();
  rocksdb::WriteOptions options;
  options.sync = is_synced;
  const auto begin = MonotonicClock::now();
  const rocksdb::Status status = database_.db().Write(options, &transaction.batch_);
  const std::chrono::duration<double> taken = MonotonicClock::now() - begin;

  Metrics& metrics = database_.metrics();
  metrics.observe("lyceum_store_write_seconds", "Time of one joined write of the store, its fsync included.",
                  {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3}, taken.count(),
                  {{"synced", is_synced ? "true" : "false"}});
  metrics.observe("lyceum_store_write_changes", "Changes joined into one write.",
                  {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}, static_cast<double>(num_changes));
  metrics.add("lyceum_store_written_bytes_total", "Bytes given to the store's log.",
              static_cast<double>(transaction.size_bytes()));
  if (status.ok()) return ok();
  is_degraded_ = true;
  metrics.add("lyceum_store_failed_writes_total", "Joined writes that the store refused.");
  Error error = error_of(status, "store");
  log_error("store.write_failed", {{"message", error.message}});
  return error;
}

/// A refused write may stand in the log, torn or even whole (when its fsync failed), under the sequence
/// number that the next write gets, and replaying it would lose what follows. RocksDB drops a log when every
/// family has flushed past it, so each gets an entry that is not in the log, and is flushed.
Result<void> Writer::bring_back() {
  rocksdb::DB& db = database_.db();
  rocksdb::Status status = db.Resume();
  rocksdb::WriteBatch entries;
  for (rocksdb::ColumnFamilyHandle* family : database_.handles())
    entries.Delete(family, kNoKey).PermitUncheckedError();
  rocksdb::WriteOptions past_log;
  past_log.disableWAL = true;
  if (status.ok()) status = db.Write(past_log, &entries);
  if (status.ok()) status = db.Flush(rocksdb::FlushOptions(), database_.handles());
  if (!status.ok()) return error_of(status, "store: still cannot write");
  is_degraded_ = false;
  log_info("store.recovered");
  return ok();
}

}  // namespace lyceum::memory
