#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "memory/blobs.hpp"
#include "memory/rocksdb/database.hpp"

namespace lyceum::memory {

/// A blob made ready outside the writer thread.
struct PackedBlob {
  std::string hash{};
  std::string record{};
};

/// Hashes and packs: off the writer thread and off the I/O threads.
PackedBlob pack_blob(std::string_view bytes);

/// Inside a change: adds a reference, storing the bytes with the first one.
Result<void> put_blob(Transaction& transaction, const PackedBlob& blob);
/// Inside a change: takes a reference; the last one removes the bytes. Errors: not_found, data_loss.
Result<void> release_blob(Transaction& transaction, const std::string& hash);
/// Errors: not_found, data_loss (also when the bytes are not those of the hash).
Result<std::string> read_blob(const Database& database, const std::string& hash);

std::unique_ptr<Blobs> make_blobs(Database& database);

}  // namespace lyceum::memory
