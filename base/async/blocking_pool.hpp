#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/async/task.hpp"

namespace lyceum {

/// Threads for work that blocks: the store, files, parsing, hashing. Joined on destruction.
class BlockingPool {
 public:
  explicit BlockingPool(std::size_t num_threads) : pool_(num_threads) {}

  net::any_io_executor executor() { return pool_.get_executor(); }

 private:
  net::thread_pool pool_;
};

namespace detail {

template <class Work>
Task<std::invoke_result_t<Work&>> call(Work work) {
  co_return work();
}

}  // namespace detail

/// Runs `work` on the pool and resumes on the caller's executor. It cannot be interrupted: the caller waits
/// for it even when cancelled, so that what `work` refers to stays alive. `work` must return a value.
template <std::invocable Work>
Task<std::invoke_result_t<Work&>> run_blocking(BlockingPool& pool, Work work) {
  co_return co_await net::co_spawn(pool.executor(), detail::call(std::move(work)), net::use_awaitable);
}

}  // namespace lyceum
