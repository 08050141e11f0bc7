#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"

namespace lyceum::model {

/// A regular file's bytes, mapped read-only while this lives.
class MappedFile {
 public:
  /// not_found; io, also for what is no regular file; malformed for an empty file.
  static Result<std::unique_ptr<const MappedFile>> open_blocking(const std::string& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_bytes_}; }

 private:
  MappedFile(void* data, std::size_t size_bytes) : data_(data), size_bytes_(size_bytes) {}

  void* data_;
  std::size_t size_bytes_;
};

}  // namespace lyceum::model
