#pragma once

#include "base/result.hpp"
#include "memory/rocksdb/database.hpp"

namespace lyceum::memory {

/// Raise it when chunks, terms or the index's format change: stored documents are then indexed anew at the
/// next start.
inline constexpr const char* kIndexVersion = "1";

/// Builds chunks, postings and collection sizes anew from the stored documents, unless they are of
/// kIndexVersion. Vectors go: only an embedder could make them, when a document is ingested again. May be
/// stopped at any point: it then begins again. Errors: io, data_loss.
Result<void> rebuild_outdated_index(Database& database);

}  // namespace lyceum::memory
