#pragma once

#include <string>
#include <vector>

#include "memory/event_log.hpp"

namespace lyceum::memory {

/// One append's events after `head`: 1 to 5 of them, of very different sizes, each naming its place in the
/// append and the append's size, so that a reader can tell a half append.
inline std::vector<std::string> batch_events(Seq head) {
  const Seq count = 1 + head % 5;
  std::vector<std::string> events;
  for (Seq i = 0; i < count; ++i) {
    events.push_back(std::to_string(head) + ":" + std::to_string(i) + "/" + std::to_string(count) +
                     std::string((head * 37 + i) % 6000, '.'));
  }
  return events;
}

}  // namespace lyceum::memory
