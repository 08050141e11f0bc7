#include "kernels/worker_pool.hpp"

#include "base/check.hpp"

namespace lyceum::kernels {

WorkerPool::WorkerPool(std::size_t num_threads) {
  LYCEUM_CHECK(num_threads >= 1);
  for (std::size_t thread = 1; thread < num_threads; ++thread)
    threads_.emplace_back([this, thread] { serve(thread); });
}

WorkerPool::~WorkerPool() {
  is_ending_ = true;
  ++round_;
  round_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::run(std::size_t count, const std::function<void(std::size_t, std::size_t)>& work) {
  if (threads_.empty() || count <= 1) {
    for (std::size_t item = 0; item < count; ++item) work(item, 0);
    return;
  }
  count_ = count;
  work_ = &work;
  next_item_ = 0;
  state_ = kIsOpen;
  ++round_;
  round_.notify_all();
  take_items(0);
  state_ &= ~kIsOpen;
  for (std::uint32_t inside = state_; inside != 0; inside = state_) state_.wait(inside);
}

void WorkerPool::serve(std::size_t thread) {
  std::uint32_t seen = 0;
  while (true) {
    round_.wait(seen);
    seen = round_;
    if (is_ending_) return;
    if (!enter()) continue;
    take_items(thread);
    if (--state_ == 0) state_.notify_one();
  }
}

bool WorkerPool::enter() {
  std::uint32_t state = state_;
  while ((state & kIsOpen) != 0) {
    if (state_.compare_exchange_weak(state, state + 1)) return true;
  }
  return false;
}

void WorkerPool::take_items(std::size_t thread) {
  for (std::size_t item = next_item_++; item < count_; item = next_item_++) (*work_)(item, thread);
}

}  // namespace lyceum::kernels
