#include "base/http/url.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace lyceum::http {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::size_t kMaxHostBytes = 253;

Error invalid(const std::string& why) {
  return Error{Errc::invalid_argument, "url: " + why};
}

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Result<void> check_bytes(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return invalid("longer than " + std::to_string(kMaxUrlBytes) + " bytes");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return invalid("contains a control character");
    // Browsers read it as a slash, RFC 3986 forbids it: two readers would see two hosts.
    if (c == '\\') return invalid("contains a backslash");
  }
  return ok();
}

bool may_stand_in_target(char c) {
  return is_alnum(c) || std::string_view("-._~:/?@!$&'()*+,;=%[]").find(c) != std::string_view::npos;
}

std::string encode_target(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (may_stand_in_target(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 0x0FU];
  }
  if (out.empty() || out[0] != '/') out.insert(0, "/");
  return out;
}

Result<std::string> parse_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty()) return invalid("has no host");
  if (host.back() == '.') return invalid("host has an empty label");
  if (host.size() > kMaxHostBytes)
    return invalid("host is longer than " + std::to_string(kMaxHostBytes) + " bytes");
  char previous = '.';
  for (const char c : host) {
    if (!is_alnum(c) && c != '-' && c != '_' && c != '.')
      return invalid("host has a character that is not allowed");
    if (c == '.' && previous == '.') return invalid("host has an empty label");
    previous = c;
  }
  return lower_case(host);
}

Result<std::string> parse_bracketed(std::string_view host) {
  const bool is_fit = host.size() >= 2 && std::all_of(host.begin(), host.end(), [](char c) {
                        return (is_alnum(c) && (c <= '9' || (c | 0x20) <= 'f')) || c == ':' || c == '.';
                      });
  if (!is_fit) return invalid("host is not an IPv6 address");
  return lower_case(host);
}

Result<std::uint16_t> parse_port(std::string_view text, bool is_https) {
  if (text.empty()) return is_https ? kHttpsPort : kHttpPort;
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed != std::errc() || end != text.data() + text.size() || port == 0) {
    return invalid("port must be 1 to 65535");
  }
  return port;
}

Result<void> parse_authority(std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos) return invalid("credentials in a url are refused");
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return invalid("host lacks its closing bracket");
    TRY(url.host, parse_bracketed(authority.substr(1, close - 1)));
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority[0] != ':') return invalid("host has text after its bracket");
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    TRY(url.host, parse_name(authority.substr(0, colon)));
    authority.remove_prefix(colon);
  }
  if (!authority.empty()) authority.remove_prefix(1);
  TRY(url.port, parse_port(authority, url.is_https));
  return ok();
}

/// RFC 3986, 5.2.4, on a path that starts with a slash.
std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_in_directory = false;
  for (std::size_t begin = 1; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto segment = path.substr(begin, end - begin);
    ends_in_directory = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!ends_in_directory) kept.push_back(segment);
    begin = end + 1;
  }
  std::string out;
  for (const auto segment : kept) out.append("/").append(segment);
  if (ends_in_directory || out.empty()) out += '/';
  return out;
}

}  // namespace

bool Url::is_same_origin(const Url& other) const {
  return is_https == other.is_https && host == other.host && port == other.port;
}

std::string Url::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (is_https ? kHttpsPort : kHttpPort)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::text() const {
  return (is_https ? "https://" : "http://") + authority() + target;
}

Result<Url> parse_url(std::string_view text) {
  TRY_OK(check_bytes(text));
  const auto colon = text.find("://");
  const std::string scheme =
      colon == std::string_view::npos ? std::string() : lower_case(text.substr(0, colon));
  if (scheme != "http" && scheme != "https") return invalid("must begin with http:// or https://");
  Url url;
  url.is_https = scheme == "https";
  const auto rest = text.substr(colon + 3);
  const auto authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  TRY_OK(parse_authority(rest.substr(0, authority_end), url));
  const auto target = rest.substr(authority_end);
  url.target = encode_target(target.substr(0, target.find('#')));
  return url;
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  TRY_OK(check_bytes(reference));
  reference = reference.substr(0, reference.find('#'));
  const auto path_begin = reference.find_first_of("/?");
  if (reference.find(':') < path_begin) return parse_url(reference);
  if (reference.starts_with("//"))
    return parse_url((base.is_https ? "https:" : "http:") + std::string(reference));
  Url url = base;
  if (reference.empty()) return url;
  const std::string_view base_path = std::string_view(base.target).substr(0, base.target.find('?'));
  const auto query = std::min(reference.find('?'), reference.size());
  std::string path;
  if (query == 0) {
    path = base_path;
  } else if (reference[0] == '/') {
    path = reference.substr(0, query);
  } else {
    path =
        std::string(base_path.substr(0, base_path.rfind('/') + 1)) + std::string(reference.substr(0, query));
  }
  url.target = encode_target(remove_dot_segments(path) + std::string(reference.substr(query)));
  return url;
}

}  // namespace lyceum::http
