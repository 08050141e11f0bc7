#include "web/server/response.hpp"

#include <array>
#include <charconv>
#include <ctime>

#include <boost/beast/http/status.hpp>

namespace lyceum::web {
namespace {

// Scripts and connections only from this origin; style attributes because the page's components set them.
constexpr std::string_view kSecurityHeaders =
    "Content-Security-Policy: default-src 'self'; style-src-attr 'unsafe-inline'; object-src 'none'; "
    "base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

std::string http_date(std::int64_t now_ms) {
  const std::time_t seconds = now_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

void add_header(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  for (const char c : value) {
    // A line break in a value would let its author write headers.
    if (static_cast<unsigned char>(c) >= 0x20U && c != 0x7F) head += c;
  }
  head += "\r\n";
}

}  // namespace

std::string response_head(const ResponseHead& head, std::int64_t now_ms) {
  std::string text;
  text.reserve(768);
  text += "HTTP/1.1 " + std::to_string(head.status) + " ";
  const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(head.status));
  text.append(reason.data(), reason.size());
  text += "\r\n";
  add_header(text, "Date", http_date(now_ms));
  if (!head.content_type.empty()) add_header(text, "Content-Type", head.content_type);
  add_header(text, "Cache-Control", head.cache_control);
  if (head.headers != nullptr) {
    for (const auto& [name, value] : *head.headers) add_header(text, name, value);
  }
  text += kSecurityHeaders;
  if (head.size_bytes) text += "Content-Length: " + std::to_string(*head.size_bytes) + "\r\n";
  if (head.is_chunked) text += "Transfer-Encoding: chunked\r\n";
  text += head.keeps_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return text;
}

std::string chunk(std::string_view bytes) {
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  std::string text(size.data(), end);
  text.reserve(text.size() + bytes.size() + 4);
  text += "\r\n";
  text += bytes;
  text += "\r\n";
  return text;
}

}  // namespace lyceum::web
