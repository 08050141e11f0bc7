#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "memory/event_log.hpp"

namespace lyceum::memory {

inline constexpr std::size_t kMaxRunIdBytes = 64;

/// invalid_argument unless `run_id` is 1 to kMaxRunIdBytes letters, digits, '-', '_' or '.', so that keys
/// cannot run into each other.
Result<void> check_run_id(std::string_view run_id);

/// Family events: run_id, a zero byte, the position in 8 bytes, big-endian.
std::string event_key(std::string_view run_id, Seq seq);

/// Family run_index: one entry a run that is not terminal.
std::string unfinished_key(std::string_view run_id);
/// The first key after all unfinished_key()s.
std::string unfinished_end();
/// Family run_index: how many forks a run has.
std::string fork_count_key(std::string_view run_id);

}  // namespace lyceum::memory
