#pragma once

#include <boost/asio/steady_timer.hpp>

#include "base/async/task.hpp"

namespace lyceum {

/// Wakes every task that waits on it; each then looks at the state it cares about and waits again if need be.
/// All calls on one strand. A notify with nobody waiting is not remembered.
class Signal {
 public:
  explicit Signal(const net::any_io_executor& executor)
      : timer_(executor, net::steady_timer::time_point::max()) {}

  void notify_all() { timer_.cancel(); }

  /// Returns after the next notify_all().
  Task<void> wait() { co_await timer_.async_wait(as_result); }

  /// Returns after the next notify_all() or at `deadline`, whichever is first.
  Task<void> wait_until(net::steady_timer::time_point deadline);

 private:
  net::steady_timer timer_;
};

}  // namespace lyceum
