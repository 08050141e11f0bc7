#include "tests/unit/memory/faulty_file_system.hpp"

#include <utility>

namespace lyceum::memory {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile> file, FaultyFileSystem& faults)
      : FSWritableFileOwnerWrapper(std::move(file)), faults_(faults) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    if (IOStatus failed = faults_.next_write(); !failed.ok()) {
      const rocksdb::Slice half(data.data(), data.size() / 2);
      FSWritableFileOwnerWrapper::Append(half, options, debug).PermitUncheckedError();
      return failed;
    }
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }

  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    if (IOStatus failed = faults_.next_write(); !failed.ok()) return failed;
    return FSWritableFileOwnerWrapper::Sync(options, debug);
  }

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    if (IOStatus failed = faults_.next_write(); !failed.ok()) return failed;
    return FSWritableFileOwnerWrapper::Fsync(options, debug);
  }

 private:
  FaultyFileSystem& faults_;
};

}  // namespace

void FaultyFileSystem::arm(int first, int count, bool is_full) {
  num_writes_ = 0;
  first_ = first;
  count_ = count;
  is_full_ = is_full;
  has_fired_ = has_fired_ && count == 0;
}

rocksdb::IOStatus FaultyFileSystem::next_write() {
  const int number = num_writes_++;
  if (number < first_ || number - first_ >= count_) return IOStatus::OK();
  has_fired_ = true;
  return is_full_ ? IOStatus::NoSpace("injected") : IOStatus::IOError("injected");
}

rocksdb::IOStatus FaultyFileSystem::NewWritableFile(const std::string& name,
                                                    const rocksdb::FileOptions& options,
                                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                    IODebugContext* debug) {
  IOStatus status = FileSystemWrapper::NewWritableFile(name, options, file, debug);
  if (status.ok()) *file = std::make_unique<FaultyFile>(std::move(*file), *this);
  return status;
}

}  // namespace lyceum::memory
