#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace lyceum::kernels {

/// Threads that share loops. Idle ones sleep: they never spin against the threads of a service. A run waits
/// for no thread that has not begun: one that the system wakes late finds the work done.
class WorkerPool {
 public:
  /// The caller of `run` is one of `num_threads`, >= 1.
  explicit WorkerPool(std::size_t num_threads);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  std::size_t num_threads() const { return threads_.size() + 1; }

  /// Calls work(item, thread) for every item below `count`, in rising order of their beginning, and returns
  /// when all have ended. `thread` is below num_threads() and no two calls at a time have the same. One run
  /// at a time. `work` throws nothing.
  void run(std::size_t count, const std::function<void(std::size_t item, std::size_t thread)>& work);

 private:
  void serve(std::size_t thread);
  void take_items(std::size_t thread);

  /// Of `state_`: a run takes threads in. The other bits count the threads that are in it.
  static constexpr std::uint32_t kIsOpen = 1U << 31U;

  bool enter();

  std::atomic<std::uint32_t> round_{0};  ///< Sleepers wait for the next
  std::atomic<std::uint32_t> state_{0};  ///< What follows is written at 0 only
  std::atomic<std::size_t> next_item_{0};
  std::size_t count_ = 0;
  const std::function<void(std::size_t, std::size_t)>* work_ = nullptr;
  std::atomic<bool> is_ending_{false};
  std::vector<std::thread> threads_{};
};

}  // namespace lyceum::kernels
