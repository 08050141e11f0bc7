#include "cli/client/sse.hpp"

namespace lyceum::cli {

std::vector<SseEvent> SseParser::feed(std::string_view piece) {
  std::vector<SseEvent> complete;
  rest_ += piece;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    std::string_view line(rest_.data() + begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take_line(line, complete);
  }
  rest_.erase(0, begin);
  if (rest_.size() + current_.data.size() > kMaxSseEventBytes) is_too_large_ = true;
  return complete;
}

void SseParser::take_line(std::string_view line, std::vector<SseEvent>& complete) {
  if (line.empty()) {
    if (has_data_) complete.push_back(current_);
    current_ = {};
    has_data_ = false;
    return;
  }
  const auto colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "id") current_.id = value;
  if (field == "data") {
    if (has_data_) current_.data += '\n';
    current_.data += value;
    has_data_ = true;
  }
}

}  // namespace lyceum::cli
