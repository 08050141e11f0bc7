#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "memory/documents.hpp"
#include "memory/rocksdb/database.hpp"
#include "memory/search.hpp"

namespace lyceum::memory {

/// The documents and the search over them, which share one index. `database` and `clock` must outlive it.
class Library {
 public:
  Library() = default;
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  virtual ~Library() = default;

  virtual Documents& documents() = 0;
  virtual Search& search() = 0;
};

/// Reads the index's tables into memory, about a second for a million chunks; builds the index anew where an
/// earlier version of the program wrote it. `embedder` empty: search is BM25 alone. Errors: io, data_loss.
Result<std::unique_ptr<Library>> open_library(Database& database, const Clock& clock, Embedder embedder);

}  // namespace lyceum::memory
