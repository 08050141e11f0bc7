#pragma once

#include <memory>

#include "memory/rocksdb/database.hpp"
#include "memory/rocksdb/index_state.hpp"
#include "memory/search.hpp"

namespace lyceum::memory {

/// All must outlive it.
std::unique_ptr<Search> make_search(const Database& database, const IndexState& state,
                                    const Embedder& embedder);

}  // namespace lyceum::memory
