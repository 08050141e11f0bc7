#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include "planner/run/step_run.hpp"

namespace lyceum::planner {

// A call that abort() can end: it runs as a coroutine of its own, because a cancelled one throws at its next
// await.
template <class T>
Task<Result<T>> StepRun::interruptible(Task<Result<T>> task) {
  try {
    co_return co_await net::co_spawn(run_.strand_, std::move(task),
                                     net::bind_cancellation_slot(cancel_.slot(), net::use_awaitable));
  } catch (const boost::system::system_error& failure) {
    if (is_aborted_) co_return attempt_is_over();
    co_return Error{Errc::internal, failure.what()};
  } catch (const std::exception& failure) {
    co_return Error{Errc::internal, failure.what()};
  }
}

}  // namespace lyceum::planner
