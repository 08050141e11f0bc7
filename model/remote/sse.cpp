#include "model/remote/sse.hpp"

namespace lyceum::model::remote {

void SseParser::end_line(std::vector<std::string>& events) {
  std::string_view line = line_;
  if (is_first_line_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  is_first_line_ = false;
  if (line.empty()) {
    if (has_data_) events.push_back(std::move(data_));
    data_.clear();
    has_data_ = false;
  } else if (line == "data" || line.starts_with("data:")) {
    line.remove_prefix(std::min<std::size_t>(5, line.size()));
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (has_data_) data_ += '\n';
    data_ += line;
    has_data_ = true;
  }
  line_.clear();
}

Result<std::vector<std::string>> SseParser::feed(std::string_view piece) {
  std::vector<std::string> events;
  for (const char c : piece) {
    const bool completes_crlf = after_carriage_return_ && c == '\n';
    after_carriage_return_ = c == '\r';
    if (completes_crlf) continue;
    if (c == '\n' || c == '\r') {
      end_line(events);
      continue;
    }
    line_ += c;
    if (line_.size() + data_.size() > kMaxEventBytes) {
      return Error{Errc::too_large,
                   "event stream: an event is larger than " + std::to_string(kMaxEventBytes) + " bytes"};
    }
  }
  return events;
}

}  // namespace lyceum::model::remote
