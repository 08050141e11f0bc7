#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <rocksdb/file_system.h>

namespace lyceum::memory {

/// The real file system, but chosen writes (appends and syncs of data files) fail, half done.
class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  const char* Name() const override { return "FaultyFileSystem"; }

  /// From now on, writes number `first` to `first + count - 1` (0-based) fail; `is_full` as on a full disk.
  void arm(int first, int count, bool is_full);

  /// No write fails from now on.
  void disarm() { arm(0, 0, false); }

  /// Whether a write failed since arm(), also after disarm().
  bool has_fired() const { return has_fired_; }

  /// The error of the next write, or success.
  rocksdb::IOStatus next_write();

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;

 private:
  std::atomic<int> num_writes_ = 0;
  std::atomic<int> first_ = 0;
  std::atomic<int> count_ = 0;
  std::atomic<bool> is_full_ = false;
  std::atomic<bool> has_fired_ = false;
};

}  // namespace lyceum::memory
