#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/async/blocking_pool.hpp"
#include "base/async/signal.hpp"
#include "memory/event_log.hpp"
#include "planner/run_port.hpp"

namespace lyceum::planner {

/// Deltas that a reader may have waiting; beyond it they are dropped, because message.finished brings the
/// whole text.
inline constexpr std::size_t kMaxQueuedDeltas = 512;
/// Events that a reader may have waiting; beyond it the reader gets a gap.
inline constexpr std::size_t kMaxQueuedEvents = 4096;

/// One reader's queue. push() from any thread; everything else on the queue's strand.
class EventQueue : public std::enable_shared_from_this<EventQueue> {
 public:
  explicit EventQueue(const net::any_io_executor& executor);

  void push(Delivery delivery);
  void close();

  const net::any_io_executor& strand() const { return strand_; }

 private:
  friend class LogSubscription;
  void accept(Delivery delivery);

  net::any_io_executor strand_;
  Signal changed_;
  std::deque<Delivery> waiting_;
  bool has_overflowed_ = false;
  bool is_closed_ = false;
};

/// A subscription over the log (up to `live_from`) and then over `queue` (what is published after it).
class LogSubscription final : public Subscription {
 public:
  LogSubscription(memory::EventLog& log, BlockingPool& pool, std::string run_id, std::uint64_t after,
                  std::uint64_t live_from, std::shared_ptr<EventQueue> queue);
  ~LogSubscription() override;

  Task<Result<Delivery>> next() override;
  void close() override;

 private:
  struct Cursor;
  static Task<Result<Delivery>> take(std::shared_ptr<EventQueue> queue, std::shared_ptr<Cursor> cursor);

  std::shared_ptr<EventQueue> queue_;
  std::shared_ptr<Cursor>
      cursor_;  // Shared with a take() that is under way when the subscription is destroyed.
};

/// The live readers of one run. All calls on the run's strand.
class Hub {
 public:
  void add(std::weak_ptr<EventQueue> queue) { queues_.push_back(std::move(queue)); }

  void publish(const Delivery& delivery);

 private:
  std::vector<std::weak_ptr<EventQueue>> queues_;
};

/// Readers of the run list. Thread-safe.
class WatchHub {
 public:
  explicit WatchHub(net::any_io_executor executor) : executor_(std::move(executor)) {}

  std::unique_ptr<Watch> add();
  void publish(const std::string& run_id, const std::string& summary);

 private:
  friend class ListWatch;
  class Queue;

  net::any_io_executor executor_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<Queue>> queues_;
};

}  // namespace lyceum::planner
