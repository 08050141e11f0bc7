#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lyceum::web {

struct ResponseHead {
  unsigned status = 200;
  std::string_view content_type{};
  std::string_view cache_control = "no-store";
  const std::vector<std::pair<std::string, std::string>>* headers = nullptr;
  std::optional<std::size_t>
      size_bytes{};  ///< Absent: the body is chunked, or has no end but the connection's.
  bool is_chunked = false;
  bool keeps_alive = false;
};

/// Status line and headers, the security headers among them, up to and with the empty line.
std::string response_head(const ResponseHead& head, std::int64_t now_ms);

/// One chunk of a chunked body.
std::string chunk(std::string_view bytes);

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace lyceum::web
