#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "base/async/signal.hpp"
#include "base/async/task.hpp"

namespace lyceum::web {

/// Frames on their way to one slow socket: many tasks push, one writer takes. Bounded, so that a full outbox
/// holds its sources back. All calls on one strand.
class Outbox {
 public:
  Outbox(const net::any_io_executor& executor, std::size_t frames_max)
      : frames_max_(frames_max), changed_(executor) {}

  /// Waits for room. False: the outbox is closed and the frame was dropped.
  Task<bool> push(std::string frame);

  /// Refuses further frames; what is queued, then `last` unless empty, still goes out.
  void finish(std::string last);

  /// Refuses further frames and drops what is queued.
  void abandon();

  bool is_closed() const { return is_closed_; }

  struct Taken {
    std::optional<std::string> frame{};
    bool is_over = false;  ///< Closed and empty. Neither frame nor over: `deadline` passed.
  };

  Task<Taken> take(std::chrono::steady_clock::time_point deadline);

 private:
  std::size_t frames_max_;
  std::deque<std::string> frames_;
  bool is_closed_ = false;
  Signal changed_;
};

}  // namespace lyceum::web
