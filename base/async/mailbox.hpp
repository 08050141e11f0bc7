#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "base/async/signal.hpp"

namespace lyceum {

/// Values from other threads for one coroutine, in order. The coroutine owns a Mailbox; those who send hold
/// its Slot, for as long as they like: what comes after the coroutine has ended is dropped.
template <class T>
class Mailbox {
 public:
  class Slot {
   public:
    explicit Slot(const net::any_io_executor& executor) : strand_(net::make_strand(executor)) {
      filled_.emplace(strand_);
    }

    /// From any thread. How many wait now.
    std::size_t put(const std::shared_ptr<Slot>& self, T value) {
      const std::lock_guard lock(mutex_);
      if (!filled_) return 0;
      values_.push_back(std::move(value));
      net::post(strand_, [self] { self->notify(); });
      return values_.size();
    }

   private:
    friend class Mailbox;

    void notify() {
      const std::lock_guard lock(mutex_);
      if (filled_) filled_->notify_all();
    }

    std::deque<T> grab() {
      const std::lock_guard lock(mutex_);
      return std::exchange(values_, {});
    }

    bool is_empty() {
      const std::lock_guard lock(mutex_);
      return values_.empty();
    }

    /// Lets go of the executor, which may end before the senders do.
    void close() {
      const std::lock_guard lock(mutex_);
      values_.clear();
      filled_.reset();
      strand_ = {};
    }

    net::any_io_executor strand_;
    std::mutex mutex_{};
    std::optional<Signal> filled_{};
    std::deque<T> values_{};
  };

  explicit Mailbox(const net::any_io_executor& executor) : slot_(std::make_shared<Slot>(executor)) {}

  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  ~Mailbox() { slot_->close(); }

  const std::shared_ptr<Slot>& slot() const { return slot_; }

  /// All that there is, at least one.
  Task<std::deque<T>> take() {
    while (true) {
      std::deque<T> values = slot_->grab();
      if (!values.empty()) co_return values;
      // On the strand, where notify() comes too: nothing is put unseen between the look and the wait.
      co_await net::co_spawn(slot_->strand_, wait(slot_), net::use_awaitable);
    }
  }

 private:
  static Task<void> wait(std::shared_ptr<Slot> slot) {
    if (!slot->is_empty()) co_return;
    co_await slot->filled_->wait();
  }

  std::shared_ptr<Slot> slot_;
};

}  // namespace lyceum
