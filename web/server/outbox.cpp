#include "web/server/outbox.hpp"

#include <utility>

namespace lyceum::web {

Task<bool> Outbox::push(std::string frame) {
  while (!is_closed_ && !has_room()) co_await changed_.wait();
  if (is_closed_) co_return false;
  size_bytes_ += frame.size();
  frames_.push_back(std::move(frame));
  changed_.notify_all();
  co_return true;
}

void Outbox::finish(std::string last) {
  if (is_closed_) return;
  size_bytes_ += last.size();
  if (!last.empty()) frames_.push_back(std::move(last));
  is_closed_ = true;
  changed_.notify_all();
}

void Outbox::abandon() {
  is_closed_ = true;
  frames_.clear();
  size_bytes_ = 0;
  changed_.notify_all();
}

Task<Outbox::Taken> Outbox::take(std::chrono::steady_clock::time_point deadline) {
  while (frames_.empty() && !is_closed_ && std::chrono::steady_clock::now() < deadline) {
    co_await changed_.wait_until(deadline);
  }
  Taken taken;
  if (!frames_.empty()) {
    taken.frame = std::move(frames_.front());
    frames_.pop_front();
    size_bytes_ -= taken.frame->size();
    changed_.notify_all();
  } else {
    taken.is_over = is_closed_;
  }
  co_return taken;
}

}  // namespace lyceum::web
