#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lyceum::cli {

inline constexpr std::size_t kMaxSseEventBytes = 32U << 20U;

struct SseEvent {
  std::string id{};
  std::string data{};
};

/// Parses text/event-stream (WHATWG HTML, 9.2) piece by piece; comments and fields other than id and data are
/// dropped.
class SseParser {
 public:
  /// The events that `piece` completes, in order.
  std::vector<SseEvent> feed(std::string_view piece);

  /// An event grew past kMaxSseEventBytes: the stream is of no use any more.
  bool is_too_large() const { return is_too_large_; }

 private:
  void take_line(std::string_view line, std::vector<SseEvent>& complete);

  std::string rest_;
  SseEvent current_;
  bool has_data_ = false;
  bool is_too_large_ = false;
};

}  // namespace lyceum::cli
