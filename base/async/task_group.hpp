#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/async/signal.hpp"
#include "base/async/task.hpp"

namespace lyceum {

/// Runs tasks that no single caller awaits, and waits for all of them before it ends: nothing outlives its
/// owner. All calls on the strand `executor` (or a single-threaded context). A task that ends by an exception
/// is a bug: it is logged with `name`, and the process goes on.
class TaskGroup {
 public:
  explicit TaskGroup(const net::any_io_executor& executor);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();  ///< Every task must have ended: join() first.

  void spawn(const char* name, Task<void> task);

  /// Asks every running task to stop: its current asynchronous operation ends with operation_aborted.
  void cancel();

  /// Returns when no task is left. spawn() may still be called while waiting.
  Task<void> join();

  std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // Shared with the completion handlers of the tasks.
};

}  // namespace lyceum
