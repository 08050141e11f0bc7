// Holds that wait for a person's decision, and what happens when none comes. The timer is no part of the
// state: an expiry that passed while the service was down is seen by the first look at the clock after it.
#include <algorithm>
#include <limits>
#include <set>

#include "planner/run/run.hpp"

namespace lyceum::planner {
namespace {

/// The wall clock may jump, and a timer does not notice.
constexpr std::chrono::milliseconds kLongestSleep{60'000};

}  // namespace

Hold Run::expiring(Hold hold) const {
  if (state_.hold_expiry.after_ms == 0) return hold;
  hold.expires_ms = hold.opened_ms + state_.hold_expiry.after_ms;
  hold.on_expiry = state_.hold_expiry.then;
  return hold;
}

void Run::expire_holds() {
  const std::int64_t now_ms = parts_.clock.now_ms();
  std::vector<Event> events;
  std::set<std::string> cancelled;
  for (const auto& [id, hold] : state_.holds) {
    if (!hold.has_expired(now_ms)) continue;
    Event closed = system_event("hold.closed",
                                {{"hold", id}, {"decision", "expired"}, {"by", "system"}, {"comment", ""}});
    closed.step = hold.scope;
    events.push_back(std::move(closed));
    if (hold.on_expiry != "cancel_step" || !cancelled.insert(hold.scope).second) continue;
    Event ended = system_event("step.finished", {{"status", "cancelled"},
                                                 {"result", Json::object()},
                                                 {"error", "nobody decided in time: " + hold.title}});
    ended.step = hold.scope;
    events.push_back(std::move(ended));
  }
  if (!events.empty()) log(std::move(events), memory::Durability::synced);
}

/// Returns after the next change or when a hold's time may be up.
Task<void> Run::wait_for_change() {
  std::int64_t next_ms = std::numeric_limits<std::int64_t>::max();
  for (const auto& [id, hold] : state_.holds) {
    if (hold.expires_ms != 0 && hold.on_expiry != "keep") next_ms = std::min(next_ms, hold.expires_ms);
  }
  if (next_ms == std::numeric_limits<std::int64_t>::max()) co_return co_await changed_.wait();
  const auto left =
      std::clamp<std::chrono::milliseconds>(std::chrono::milliseconds(next_ms - parts_.clock.now_ms()),
                                            std::chrono::milliseconds(1), kLongestSleep);
  co_await changed_.wait_until(std::chrono::steady_clock::now() + left);
}

}  // namespace lyceum::planner
