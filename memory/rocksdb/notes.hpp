#pragma once

#include <memory>

#include "memory/notes.hpp"
#include "memory/rocksdb/database.hpp"

namespace lyceum::memory {

/// `database` must outlive it.
std::unique_ptr<Notes> make_notes(Database& database);

}  // namespace lyceum::memory
