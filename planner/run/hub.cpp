#include "planner/run/hub.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "planner/run/event.hpp"

namespace lyceum::planner {
namespace {

constexpr std::size_t kHistoryPage = 500;

Error closed() {
  return Error{Errc::cancelled, "the subscription is closed"};
}

}  // namespace

EventQueue::EventQueue(const net::any_io_executor& executor)
    : strand_(net::make_strand(executor)), changed_(strand_) {}

void EventQueue::push(Delivery delivery) {
  net::post(strand_, [self = shared_from_this(), delivery = std::move(delivery)]() mutable {
    self->accept(std::move(delivery));
  });
}

void EventQueue::close() {
  net::post(strand_, [self = shared_from_this()] {
    self->is_closed_ = true;
    self->changed_.notify_all();
  });
}

void EventQueue::accept(Delivery delivery) {
  if (has_overflowed_ || is_closed_) return;
  if (delivery.is_ephemeral && waiting_.size() >= kMaxQueuedDeltas) return;
  if (waiting_.size() >= kMaxQueuedEvents) {
    has_overflowed_ = true;
    waiting_.clear();
  } else {
    waiting_.push_back(std::move(delivery));
  }
  changed_.notify_all();
}

struct LogSubscription::Cursor {
  memory::EventLog& log;
  BlockingPool& pool;
  std::string run_id;
  std::uint64_t last;       ///< Last position delivered.
  std::uint64_t live_from;  ///< Up to here the log is read; after it the queue.
  bool is_live = false;
  bool has_ended = false;
  std::deque<Delivery> page{};
};

LogSubscription::LogSubscription(memory::EventLog& log, BlockingPool& pool, std::string run_id,
                                 std::uint64_t after, std::uint64_t live_from,
                                 std::shared_ptr<EventQueue> queue)
    : queue_(std::move(queue)),
      cursor_(
          std::make_shared<Cursor>(Cursor{log, pool, std::move(run_id), after, std::max(after, live_from)})) {
}

LogSubscription::~LogSubscription() {
  queue_->close();
}

void LogSubscription::close() {
  queue_->close();
}

Task<Result<Delivery>> LogSubscription::next() {
  co_return co_await net::co_spawn(queue_->strand(), take(queue_, cursor_), net::use_awaitable);
}

Task<Result<Delivery>> LogSubscription::take(std::shared_ptr<EventQueue> queue,
                                             std::shared_ptr<Cursor> cursor) {
  for (;;) {
    if (queue->is_closed_) co_return closed();
    if (cursor->has_ended) co_return Delivery{.kind = Delivery::Kind::end, .seq = cursor->last};
    if (!cursor->page.empty()) {
      Delivery delivery = std::move(cursor->page.front());
      cursor->page.pop_front();
      cursor->last = delivery.seq;
      co_return delivery;
    }
    if (cursor->last < cursor->live_from) {
      auto texts = co_await run_blocking(cursor->pool, [cursor] {
        const std::uint64_t wanted = cursor->live_from - cursor->last;
        return cursor->log.read_blocking(
            cursor->run_id, cursor->last,
            std::min<std::size_t>(static_cast<std::size_t>(wanted), kHistoryPage));
      });
      if (!texts) co_return std::move(texts).error();
      if (texts->empty()) co_return Error{Errc::data_loss, cursor->run_id + ": the log ends before its head"};
      std::uint64_t seq = cursor->last;
      for (const std::string& text : *texts) {
        cursor->page.push_back(
            {.seq = ++seq,
             .text = std::make_shared<const std::string>(to_client_text(cursor->run_id, text))});
      }
      continue;
    }
    if (!cursor->is_live) {
      cursor->is_live = true;
      co_return Delivery{.kind = Delivery::Kind::live, .seq = cursor->last};
    }
    if (queue->has_overflowed_) co_return Delivery{.kind = Delivery::Kind::gap, .seq = cursor->last};
    if (!queue->waiting_.empty()) {
      Delivery delivery = std::move(queue->waiting_.front());
      queue->waiting_.pop_front();
      if (delivery.kind == Delivery::Kind::end) {
        cursor->has_ended = true;
        continue;
      }
      // A client may resume after a position that is still to come; it has seen the ones before.
      if (delivery.kind == Delivery::Kind::event && !delivery.is_ephemeral) {
        if (delivery.seq <= cursor->last) continue;
        cursor->last = delivery.seq;
      }
      co_return delivery;
    }
    co_await queue->changed_.wait();
  }
}

void Hub::publish(const Delivery& delivery) {
  std::erase_if(queues_, [](const auto& queue) { return queue.expired(); });
  for (const auto& weak : queues_) {
    if (const auto queue = weak.lock()) queue->push(delivery);
  }
}

class WatchHub::Queue : public std::enable_shared_from_this<WatchHub::Queue> {
 public:
  explicit Queue(const net::any_io_executor& executor)
      : strand(net::make_strand(executor)), changed(strand) {}

  void push(std::string run_id, std::string summary) {
    net::post(strand, [self = shared_from_this(), run_id = std::move(run_id),
                       summary = std::move(summary)]() mutable {
      self->latest[std::move(run_id)] = std::move(summary);
      self->changed.notify_all();
    });
  }

  net::any_io_executor strand;
  Signal changed;
  std::map<std::string, std::string> latest;  ///< A slow reader gets each run's last state only.
  bool is_closed = false;
};

class ListWatch final : public Watch {
 public:
  explicit ListWatch(std::shared_ptr<WatchHub::Queue> queue) : queue_(std::move(queue)) {}

  ~ListWatch() override { close(); }

  Task<Result<std::string>> next() override {
    co_return co_await net::co_spawn(queue_->strand, take(queue_), net::use_awaitable);
  }

  void close() override {
    net::post(queue_->strand, [queue = queue_] {
      queue->is_closed = true;
      queue->changed.notify_all();
    });
  }

 private:
  static Task<Result<std::string>> take(std::shared_ptr<WatchHub::Queue> queue) {
    for (;;) {
      if (queue->is_closed) co_return closed();
      if (!queue->latest.empty()) {
        const auto first = queue->latest.begin();
        std::string summary = std::move(first->second);
        queue->latest.erase(first);
        co_return summary;
      }
      co_await queue->changed.wait();
    }
  }

  std::shared_ptr<WatchHub::Queue> queue_;  // Shared with a take() under way and with posted pushes.
};

std::unique_ptr<Watch> WatchHub::add() {
  auto queue = std::make_shared<Queue>(executor_);
  const std::scoped_lock lock(mutex_);
  queues_.push_back(queue);
  return std::make_unique<ListWatch>(std::move(queue));
}

void WatchHub::publish(const std::string& run_id, const std::string& summary) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(queues_, [](const auto& queue) { return queue.expired(); });
  for (const auto& weak : queues_) {
    if (const auto queue = weak.lock()) queue->push(run_id, summary);
  }
}

}  // namespace lyceum::planner
