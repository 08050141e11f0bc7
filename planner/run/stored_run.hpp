#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "memory/documents.hpp"
#include "memory/event_log.hpp"
#include "planner/run/state.hpp"

namespace lyceum::planner {

/// What a visitor of a log says of an event: to go on or to stop.
enum class Visit { next, stop };

/// Shows the stored events of a run after `after` and up to `until` (0: all), page by page, to `visit`.
/// Blocks. Errors: data_loss (an event is missing), those of `visit`.
Result<void> visit_events_blocking(const memory::EventLog& log, const std::string& run_id,
                                   std::uint64_t after, std::uint64_t until,
                                   const std::function<Visit(const Event&)>& visit);

/// Folds the stored log of a run up to `seq` (0: all of it). Blocks. Errors: not_found, data_loss.
Result<RunState> load_state_blocking(const memory::EventLog& log, const std::string& run_id,
                                     std::uint64_t seq);

/// The quote stands in the document at [begin, end), byte for byte. Blocks. Errors: invalid_argument,
/// not_found.
Result<void> check_quote_blocking(const memory::Documents& documents, const Json& evidence);

}  // namespace lyceum::planner
