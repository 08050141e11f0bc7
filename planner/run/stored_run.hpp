#pragma once

#include <cstdint>
#include <string>

#include "memory/documents.hpp"
#include "memory/event_log.hpp"
#include "planner/run/state.hpp"

namespace lyceum::planner {

/// Folds the stored log of a run up to `seq` (0: all of it). Blocks. Errors: not_found, data_loss.
Result<RunState> load_state_blocking(const memory::EventLog& log, const std::string& run_id,
                                     std::uint64_t seq);

/// The quote stands in the document at [begin, end), byte for byte. Blocks. Errors: invalid_argument,
/// not_found.
Result<void> check_quote_blocking(const memory::Documents& documents, const Json& evidence);

}  // namespace lyceum::planner
