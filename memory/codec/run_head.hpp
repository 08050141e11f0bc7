#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "memory/event_log.hpp"

namespace lyceum::memory {

/// A checksummed record of everything but the id, which is the key.
std::string encode_run_head(const RunHead& head);
/// Errors: data_loss.
Result<RunHead> decode_run_head(std::string_view run_id, std::string_view record);

}  // namespace lyceum::memory
