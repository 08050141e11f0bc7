#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "memory/rocksdb/database.hpp"

namespace lyceum::memory {

/// The one thread that writes the store. `done` is called on it, once per change, and must only hand over.
class Writer {
 public:
  using Done = std::function<void(Result<void>)>;

  explicit Writer(const Database& database);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();  ///< Writes what waits, then ends the thread.

  /// At most kMaxWaitingCommits wait; `done` of one more gets overloaded.
  void enqueue(Change change, Durability durability, Done done);

 private:
  struct Waiting {
    Change change;
    Durability durability = Durability::grouped;
    Done done;
  };

  void run();
  bool take(std::vector<Waiting>& group);
  std::size_t write_some(std::vector<Waiting>& group, std::size_t first);
  Result<void> write(Transaction& transaction, bool is_synced, std::size_t num_changes);
  Result<void> bring_back();

  const Database& database_;
  std::mutex mutex_;
  std::condition_variable is_wanted_;
  std::deque<Waiting> queue_;  // Guarded by mutex_.
  bool is_stopping_ = false;   // Guarded by mutex_.
  bool is_degraded_ = false;   // The thread's own: the last write failed.
  std::thread thread_;
};

}  // namespace lyceum::memory
