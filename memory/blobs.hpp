#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lyceum::memory {

/// Bytes by the SHA-256 of their content, zstd-packed and reference-counted: each put adds one reference,
/// each release takes one, the last one removes the bytes. Thread-safe; every member reads or writes the
/// store.
class Blobs {
 public:
  Blobs() = default;
  Blobs(const Blobs&) = delete;
  Blobs& operator=(const Blobs&) = delete;
  virtual ~Blobs() = default;

  /// Stores `bytes` (or adds a reference) and returns the hash. Errors: io.
  virtual Result<std::string> put_blocking(std::string_view bytes) = 0;
  /// Errors: not_found, data_loss.
  virtual Result<std::string> get_blocking(const std::string& hash) const = 0;
  virtual Result<void> release_blocking(const std::string& hash) = 0;
};

}  // namespace lyceum::memory
