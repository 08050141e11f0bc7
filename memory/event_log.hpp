#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/async/task.hpp"
#include "base/result.hpp"

namespace lyceum::memory {

/// Position in one run's log: 1 for its first event, then +1 an event, without gaps. 0: before the first.
using Seq = std::uint64_t;

/// When an append counts as done.
enum class Durability {
  grouped,  ///< Written to the log; survives a crash of the process, not of the machine.
  synced,   ///< On the disk: for commands, intents, hold changes and terminals.
};

inline constexpr std::size_t kMaxEventsPerAppend = 256;
inline constexpr std::size_t kMaxEventBytes = 16U << 20U;

/// A run's line in the list of runs, written in the same batch as its events.
struct RunHead {
  std::string run_id{};
  Seq seq = 0;
  std::string summary{};  ///< JSON object, owned by the planner.
  bool is_terminal = false;
  std::string parent{};  ///< Run that this one was forked from, or empty.
  Seq parent_seq = 0;
};

struct Append {
  std::string run_id{};
  Seq head = 0;                       ///< The head that the caller knows: the guard against two writers.
  std::vector<std::string> events{};  ///< JSON objects, in order; large ones are packed inside.
  std::string summary{};
  bool is_terminal = false;
  Durability durability = Durability::grouped;
};

/// The append-only logs of all runs. A run's log is its truth; every other view is folded from it.
///
/// Threads: any thread may call any member; a task resumes on its caller's executor. The `_blocking` members
/// read the store and belong on the blocking pool. Appends of all callers are joined into one write (group
/// commit). Cancellation: an append has happened whole or not at all.
class EventLog {
 public:
  EventLog() = default;
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  virtual ~EventLog() = default;

  /// Appends and returns the new head. Errors: conflict (the head is another), invalid_argument (none, too
  /// many), too_large, io (disk full or store error: nothing was written).
  virtual Task<Result<Seq>> append(Append append) = 0;

  /// Makes an empty log that continues `parent` after `parent_seq`: reading it reads the parent's prefix
  /// first and its first own event gets parent_seq + 1. Copies nothing. Errors: not_found, invalid_argument,
  /// conflict (id taken).
  virtual Result<void> fork_blocking(const std::string& parent, Seq parent_seq, const std::string& run_id,
                                     const std::string& summary) = 0;

  /// At most `limit` events with a position > `after`, oldest first, the parent's prefix included.
  /// Errors: not_found, data_loss (a stored event fails its checksum).
  virtual Result<std::vector<std::string>> read_blocking(const std::string& run_id, Seq after,
                                                         std::size_t limit) const = 0;

  virtual Result<RunHead> head_blocking(const std::string& run_id) const = 0;

  /// Newest first, ids below `before` (all when empty).
  virtual Result<std::vector<RunHead>> heads_blocking(const std::string& before, std::size_t limit) const = 0;
  virtual Result<std::vector<RunHead>> unfinished_blocking() const = 0;

  /// Removes a terminal run with no forks. Errors: not_found, precondition.
  virtual Result<void> remove_blocking(const std::string& run_id) = 0;
};

}  // namespace lyceum::memory
