#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lyceum::cli {

inline constexpr std::size_t kMaxBatchTasks = 100'000;
inline constexpr std::size_t kMaxTaskBytes = 1U << 20U;

/// One line of a tasks file.
struct BatchTask {
  std::size_t line = 0;  ///< From 1.
  Json body{};           ///< For POST /api/runs, with the id.
  std::string run{};     ///< The run's id: the same for the same task of the same batch.
  Json tag{};            ///< What the task calls itself ("id"), or null; comes back in the result.
};

struct BadLine {
  std::size_t line = 0;
  std::string message{};
};

struct BatchPlan {
  std::vector<BatchTask> tasks{};
  std::vector<BadLine> bad_lines{};
};

/// Reads a tasks file: JSON Lines of {"question", "id"?, "collections"?, "agent"?, "budget"?,
/// "contrast"?}. Empty lines are skipped, bad ones named. A run's id is made from `started_ms` and the task's
/// content, so that a batch that starts again asks for the very runs that it asked for before. Pure. Errors:
/// too_large (tasks).
Result<BatchPlan> plan_batch(std::string_view tasks_text, std::int64_t started_ms, bool approves_all);

/// What an interrupted results file holds: the runs of its whole lines, and how many bytes those lines take;
/// a line that a crash cut short lies behind them.
struct FinishedResults {
  std::set<std::string> runs{};
  std::size_t num_failed = 0;
  std::size_t size_bytes = 0;
};

FinishedResults read_results(std::string_view results_text);

/// The ULID of a time and 80 bits.
std::string encode_ulid(std::int64_t time_ms, const std::array<std::uint8_t, 10>& entropy);

}  // namespace lyceum::cli
