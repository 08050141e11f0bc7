#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lyceum::model::remote {

inline constexpr std::size_t kMaxEventBytes = 4U << 20U;

/// Reads a stream of server-sent events (WHATWG HTML, 9.2.6) cut anywhere, and yields each event's data.
/// Names, ids and comments are skipped.
class SseParser {
 public:
  /// The data of the events that end in this piece. Errors: too_large, for an event over kMaxEventBytes.
  Result<std::vector<std::string>> feed(std::string_view piece);

 private:
  void end_line(std::vector<std::string>& events);

  std::string line_;
  std::string data_;
  bool has_data_ = false;
  bool after_carriage_return_ = false;
  bool is_first_line_ = true;
};

}  // namespace lyceum::model::remote
