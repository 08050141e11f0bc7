#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/file_system.h>
#include <rocksdb/write_batch.h>

#include "base/async/task.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "memory/event_log.hpp"

namespace lyceum::memory {

/// The column families, by concern. A family's name on the disk is its enumerator's.
enum class Family : std::size_t {
  events,
  runs,
  run_index,
  blobs,
  blob_references,
  documents,
  chunks,
  postings,
  vectors,
  notes,
  meta,
};

inline constexpr std::array<const char*, 11> kFamilyNames{
    "events",   "runs",    "run_index", "blobs", "blob_references", "documents", "chunks",
    "postings", "vectors", "notes",     "meta"};

/// Commits that may wait for the writer; more are refused as overloaded.
inline constexpr std::size_t kMaxWaitingCommits = 16'384;

class Database;
class Writer;

/// A walk over a range of keys, as the store was when it was made. One thread.
///
///   for (cursor.to_first(); cursor.is_valid(); cursor.next()) { ... }
///   TRY_OK(cursor.status());
class Cursor {
 public:
  Cursor(const Database& database, Family family, std::string_view begin, std::string_view end);
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();

  void to_first();
  void to_last();
  void next();
  void previous();
  bool is_valid() const;
  std::string_view key() const;    ///< Until the next move.
  std::string_view value() const;  ///< Until the next move.
  /// Whether the walk ended because of an error. Errors: data_loss, io.
  Result<void> status() const;

 private:
  struct Bounds;

  std::unique_ptr<Bounds> bounds_;  // Before the iterator, which refers to it.
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

/// What one change writes, seen on top of the store and of the changes before it in the same commit. Lives on
/// the writer thread while the change runs; never keep it.
class Transaction {
 public:
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// The value under `key`, or nothing. Sees put() and remove() of this commit, and nothing else of it.
  /// Errors: data_loss, io.
  Result<std::optional<std::string>> get(Family family, std::string_view key) const;
  void put(Family family, std::string_view key, std::string_view value);
  void remove(Family family, std::string_view key);
  /// Like put(), but get() in this commit does not see it: for values that are large and never read back
  /// here.
  void put_unread(Family family, std::string_view key, std::string_view value);
  /// Removes the stored keys in [begin, end); get() in this commit still sees them.
  void remove_range(Family family, std::string_view begin, std::string_view end);
  /// Adds a batch that was built outside the writer thread: for many entries that no other change reads.
  Result<void> append(const rocksdb::WriteBatch& batch);

 private:
  friend class Writer;
  using Overlay = std::unordered_map<std::string, std::optional<std::string>>;

  explicit Transaction(const Database& database) : database_(database) {}

  void begin_change();
  void end_change(bool is_kept);

  std::size_t size_bytes() const { return batch_.GetDataSize(); }

  const Database& database_;
  rocksdb::WriteBatch batch_;
  Overlay committed_;  // Of the changes of this commit that were kept.
  Overlay current_;    // Of the change that runs.
};

/// A read and write of the store that happens whole or not at all, alone: changes run one after the other on
/// the writer thread, in the order of their arrival. It must be short (no parsing, no packing), must not
/// throw, and owns what it uses. When it returns an error, nothing of it is written and its caller gets that
/// error.
using Change = std::function<Result<void>(Transaction&)>;

struct DatabaseOptions {
  std::string directory{};
  std::shared_ptr<rocksdb::FileSystem>
      file_system{};  ///< Null: the real one. RocksDB shares it with its files.
};

/// One open RocksDB directory and the one thread that writes it. All waiting changes are joined into one
/// write, with one fsync if any of them wants it (group commit). When a write fails, every change in it fails
/// with `io`, none of it can be read, and the next commit first tries to bring the store back. Threads: all
/// members from any thread. The destructor finishes what waits.
class Database {
 public:
  /// Errors: precondition (another process has the directory open), io, data_loss.
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options, Metrics& metrics);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// Returns when the change is written as `durability` says. Resumes on the caller's executor; a cancelled
  /// caller still waits. Errors: the change's own, overloaded, io.
  Task<Result<void>> commit(Change change, Durability durability);
  Result<void> commit_blocking(Change change, Durability durability);

  /// Errors: data_loss, io.
  Result<std::optional<std::string>> get(Family family, std::string_view key) const;
  /// A walk over keys in [begin, end); an empty `end` means the family's end. Must not outlive the database.
  Cursor scan(Family family, std::string_view begin, std::string_view end) const;

  rocksdb::ColumnFamilyHandle* handle(Family family) const;

  /// Of every family, RocksDB's default one first.
  const std::vector<rocksdb::ColumnFamilyHandle*>& handles() const { return handles_; }

  rocksdb::DB& db() const;
  Metrics& metrics() const;

 private:
  explicit Database(Metrics& metrics);
  Result<void> open_families(const DatabaseOptions& options);
  Result<void> check_format();

  Metrics& metrics_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // db_'s, in the order of Family after the default one.
  std::unique_ptr<Writer> writer_;
};

/// corruption: data_loss; everything else that the store may say: io. `what` names the object.
Error error_of(const rocksdb::Status& status, std::string_view what);

}  // namespace lyceum::memory
