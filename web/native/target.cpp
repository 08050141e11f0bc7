#include "web/native/target.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace lyceum::web {
namespace {

constexpr std::size_t kMaxParameters = 32;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<void> add_parameter(std::string_view pair, Query& query) {
  if (pair.empty()) return ok();
  const auto equals = pair.find('=');
  std::string value(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
  std::replace(value.begin(), value.end(), '+', ' ');
  TRY(auto name, percent_decode(pair.substr(0, equals)));
  TRY(auto text, percent_decode(value));
  if (query.size() >= kMaxParameters) return Error{Errc::malformed, "query: more than 32 parameters"};
  if (!query.emplace(name, std::move(text)).second) {
    return Error{Errc::malformed, "query." + name + ": given twice"};
  }
  return ok();
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const bool is_whole = i + 2 < text.size();
      const int high = is_whole ? hex_value(text[i + 1]) : -1;
      const int low = is_whole ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return Error{Errc::malformed, "request target: bad percent escape"};
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20U || c == 0x7F) {
      return Error{Errc::malformed, "request target: control character"};
    }
    decoded += c;
  }
  if (!is_utf8(decoded)) return Error{Errc::malformed, "request target: not UTF-8"};
  return decoded;
}

Result<Target> parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/')
    return Error{Errc::malformed, "request target: expected a path"};
  Target parsed;
  const auto question = target.find('?');
  parsed.path = std::string(target.substr(0, question));
  std::string_view rest =
      question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    TRY_OK(add_parameter(rest.substr(0, end), parsed.query));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return parsed;
}

void QueryReader::fail(const std::string& name, std::string_view why) {
  if (error_.empty()) error_ = "query." + name + ": " + std::string(why);
}

std::string QueryReader::string(const std::string& name, std::string fallback, std::size_t size_bytes_max) {
  seen_.insert(name);
  const auto found = query_.find(name);
  if (found == query_.end()) return fallback;
  if (found->second.size() > size_bytes_max)
    fail(name, "longer than " + std::to_string(size_bytes_max) + " bytes");
  return found->second;
}

std::string QueryReader::required_string(const std::string& name, std::size_t size_bytes_max) {
  std::string value = string(name, "", size_bytes_max);
  if (value.empty()) fail(name, "required");
  return value;
}

std::string QueryReader::choice(const std::string& name, std::string fallback,
                                std::initializer_list<std::string_view> allowed) {
  std::string value = string(name, std::move(fallback), 256);
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    std::string list;
    for (const auto option : allowed) list += (list.empty() ? "" : ", ") + std::string(option);
    fail(name, "expected one of: " + list);
  }
  return value;
}

std::uint64_t QueryReader::number(const std::string& name, std::uint64_t fallback, std::uint64_t min,
                                  std::uint64_t max) {
  const std::string text = string(name, "", 20);
  if (text.empty()) return fallback;
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || value < min || value > max) {
    fail(name, "expected an integer from " + std::to_string(min) + " to " + std::to_string(max));
    return fallback;
  }
  return value;
}

Result<void> QueryReader::finish() {
  for (const auto& [name, value] : query_) {
    if (!seen_.contains(name)) fail(name, "unknown parameter");
  }
  if (!error_.empty()) return Error{Errc::invalid_argument, error_};
  return ok();
}

}  // namespace lyceum::web
