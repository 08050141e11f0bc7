#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lyceum::planner {

/// One entry of a run's log. `seq`, `epoch` and `ts` are set by the run when it is logged.
struct Event {
  std::uint64_t seq = 0;
  std::uint64_t epoch = 0;
  std::int64_t ts = 0;  ///< Wall clock, milliseconds since 1970.
  std::string type{};   ///< "noun.verb", from the event catalogue.
  std::string actor{};  ///< "agent:<name>", "user:<name>", "system".
  std::string step{};
  std::uint32_t attempt = 0;
  std::string action{};
  std::uint32_t pos = 0;  ///< Position of the call in its step attempt, from 1; 0: not a call.
  std::string cmd{};
  Json data = Json::object();
};

/// The stored form has no "run": a fork reads its parent's events as its own.
std::string to_stored_text(const Event& event);
Result<Event> event_from_stored_text(std::string_view text);

/// What clients receive: the stored form with the run's id in front.
std::string to_client_text(const std::string& run_id, std::string_view stored_text);

}  // namespace lyceum::planner
