#pragma once

#include <memory>

#include "memory/event_log.hpp"
#include "memory/rocksdb/database.hpp"

namespace lyceum::memory {

/// `database` must outlive it.
std::unique_ptr<EventLog> make_event_log(Database& database);

}  // namespace lyceum::memory
