#include "model/training/workers.hpp"

#include "base/check.hpp"

namespace lyceum::model {

Workers::Workers(std::size_t num_threads) {
  LYCEUM_CHECK(num_threads > 0);
  for (std::size_t worker = 1; worker < num_threads; ++worker)
    threads_.emplace_back([this, worker] { serve(worker); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  work_arrived_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::for_each(std::size_t count,
                       const std::function<void(std::size_t item, std::size_t worker)>& work) {
  if (threads_.empty() || count < 2) {
    for (std::size_t item = 0; item < count; ++item) work(item, 0);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    num_items_ = count;
    next_item_ = 0;
  }
  work_arrived_.notify_all();
  take_items(0);
  std::unique_lock lock(mutex_);
  work_done_.wait(lock, [this] { return num_busy_ == 0; });
  work_ = nullptr;
}

void Workers::take_items(std::size_t worker) {
  std::unique_lock lock(mutex_);
  ++num_busy_;
  while (next_item_ < num_items_) {
    const std::size_t item = next_item_++;
    const auto& work = *work_;
    lock.unlock();
    work(item, worker);
    lock.lock();
  }
  --num_busy_;
  if (num_busy_ == 0) work_done_.notify_all();
}

void Workers::serve(std::size_t worker) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      work_arrived_.wait(lock, [this] { return is_closing_ || next_item_ < num_items_; });
      if (is_closing_) return;
    }
    take_items(worker);
  }
}

}  // namespace lyceum::model
