#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lyceum::model {

/// A fixed number of threads, the caller's among them, that share out numbered items. They sleep between
/// calls. Results are the same for any number of threads when each item writes what no other item touches.
class Workers {
 public:
  /// At least 1.
  explicit Workers(std::size_t num_threads);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();

  std::size_t size() const { return threads_.size() + 1; }

  /// Calls work(item, worker) once for every item below `count`, workers numbered below size(); returns when
  /// all are done. One caller at a time; work may not call this.
  void for_each(std::size_t count, const std::function<void(std::size_t item, std::size_t worker)>& work);

 private:
  void serve(std::size_t worker);
  void take_items(std::size_t worker);

  std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::condition_variable work_done_;
  const std::function<void(std::size_t, std::size_t)>* work_ = nullptr;
  std::size_t num_items_ = 0;
  std::size_t next_item_ = 0;
  std::size_t num_busy_ = 0;
  bool is_closing_ = false;
  std::vector<std::thread> threads_{};
};

}  // namespace lyceum::model
