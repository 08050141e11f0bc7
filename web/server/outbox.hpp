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
  explicit Outbox(const net::any_io_executor& executor) : changed_(executor) {}

  static constexpr std::size_t kMaxFrames = 64;
  static constexpr std::size_t kMaxBytes = 1U << 20U;  ///< A single larger frame still passes, alone.

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
  bool has_room() const {
    return frames_.empty() || (frames_.size() < kMaxFrames && size_bytes_ < kMaxBytes);
  }

  std::deque<std::string> frames_;
  std::size_t size_bytes_ = 0;
  bool is_closed_ = false;
  Signal changed_;
};

}  // namespace lyceum::web
