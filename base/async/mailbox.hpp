#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "base/async/signal.hpp"

namespace lyceum {

/// Values from other threads for one coroutine, in order. put() from any thread. The coroutine may be
/// destroyed at any time: who still puts keeps the mailbox alive.
template <class T>
class Mailbox : public std::enable_shared_from_this<Mailbox<T>> {
 public:
  explicit Mailbox(const net::any_io_executor& executor)
      : strand_(net::make_strand(executor)), filled_(strand_) {}

  /// How many wait now.
  std::size_t put(T value) {
    std::size_t size = 0;
    {
      const std::lock_guard lock(mutex_);
      values_.push_back(std::move(value));
      size = values_.size();
    }
    net::post(strand_, [self = this->shared_from_this()] { self->filled_.notify_all(); });
    return size;
  }

  /// All that there is, at least one. A static member, so that the mailbox outlives the wait.
  static Task<std::deque<T>> take(std::shared_ptr<Mailbox> self) {
    while (true) {
      std::deque<T> values = self->grab();
      if (!values.empty()) co_return values;
      // Explicitly on the strand: a put() between the look and the wait cannot be missed there.
      co_await net::co_spawn(self->strand_, wait(self), net::use_awaitable);
    }
  }

 private:
  static Task<void> wait(std::shared_ptr<Mailbox> self) {
    if (!self->is_empty()) co_return;
    co_await self->filled_.wait();
  }

  std::deque<T> grab() {
    const std::lock_guard lock(mutex_);
    return std::exchange(values_, {});
  }

  bool is_empty() {
    const std::lock_guard lock(mutex_);
    return values_.empty();
  }

  net::any_io_executor strand_;
  Signal filled_;
  std::mutex mutex_{};
  std::deque<T> values_{};
};

}  // namespace lyceum
