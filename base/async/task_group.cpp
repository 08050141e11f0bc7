#include "base/async/task_group.hpp"

#include <list>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include "base/check.hpp"
#include "base/log.hpp"

namespace lyceum {

Task<void> Signal::wait_until(net::steady_timer::time_point deadline) {
  // A second timer bounds the wait without disturbing the others that wait on the signal.
  net::steady_timer bound(timer_.get_executor(), deadline);
  bound.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) timer_.cancel();
  });
  co_await timer_.async_wait(as_result);
}

struct TaskGroup::State {
  explicit State(const net::any_io_executor& executor_in) : executor(executor_in), changed(executor_in) {}

  net::any_io_executor executor;
  Signal changed;
  std::list<net::cancellation_signal> running;
};

namespace {

void report(const char* name, const std::exception_ptr& failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    if (error.code() == net::error::operation_aborted) return;  // cancel() at work.
    log_error("task.failed", {{"task", name}, {"error", error.what()}});
  } catch (const std::exception& error) {
    log_error("task.failed", {{"task", name}, {"error", error.what()}});
  }
}

}  // namespace

TaskGroup::TaskGroup(const net::any_io_executor& executor) : state_(std::make_shared<State>(executor)) {}

TaskGroup::~TaskGroup() {
  LYCEUM_CHECK(state_->running.empty());
}

void TaskGroup::spawn(const char* name, Task<void> task) {
  const auto self = state_->running.emplace(state_->running.end());
  net::co_spawn(state_->executor, std::move(task),
                net::bind_cancellation_slot(self->slot(),
                                            [state = state_, self, name](const std::exception_ptr& failure) {
                                              report(name, failure);
                                              state->running.erase(self);
                                              state->changed.notify_all();
                                            }));
}

void TaskGroup::cancel() {
  // A task may end, and leave the list, while its signal is emitted.
  std::vector<net::cancellation_signal*> signals;
  for (auto& signal : state_->running) signals.push_back(&signal);
  for (auto* signal : signals) {
    for (auto& running : state_->running) {
      if (&running == signal) {
        running.emit(net::cancellation_type::terminal);
        break;
      }
    }
  }
}

Task<void> TaskGroup::join() {
  while (!state_->running.empty()) co_await state_->changed.wait();
}

std::size_t TaskGroup::size() const {
  return state_->running.size();
}

}  // namespace lyceum
