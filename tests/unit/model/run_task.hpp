#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/async/task.hpp"

namespace lyceum {

/// Runs one task to its end on a fresh context and returns what it returns.
template <class T>
T run_task(Task<T> task) {
  net::io_context context(1);
  std::optional<T> result;
  net::co_spawn(context, std::move(task), [&](const std::exception_ptr& failure, T value) {
    if (failure) std::rethrow_exception(failure);
    result = std::move(value);
  });
  context.run();
  return std::move(result).value();
}

}  // namespace lyceum
