#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/async/task.hpp"

namespace lyceum::test {

/// Runs one task to its end on a loop of its own. A task that waits for something that never comes fails the
/// check.
template <class T>
T run_task(Task<T> task) {
  net::io_context io(1);
  std::optional<T> value;
  net::co_spawn(io, std::move(task), [&value](const std::exception_ptr& thrown, T result) {
    if (thrown) std::rethrow_exception(thrown);
    value = std::move(result);
  });
  io.run();
  return std::move(value).value();
}

}  // namespace lyceum::test
