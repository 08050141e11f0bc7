#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lyceum::http {

inline constexpr std::size_t kMaxUrlBytes = 8192;

/// An http or https URL, taken apart (RFC 3986, the strict part of it).
struct Url {
  bool is_https = false;
  std::string host{};  ///< Lower case; an IPv6 address without its brackets.
  std::uint16_t port = 0;
  std::string target{};  ///< Path and query, percent-encoded; at least "/".

  bool is_same_origin(const Url& other) const;
  /// Host, and the port where it is not the scheme's own: the Host header.
  std::string authority() const;
  std::string text() const;
};

/// Fragments are dropped; bytes that may not stand in a path are percent-encoded. Errors: invalid_argument,
/// naming what is wrong: other schemes, user names and passwords, control characters, backslashes, bad hosts
/// and ports.
Result<Url> parse_url(std::string_view text);

/// What a Location header of `base` points at. Errors: as parse_url.
Result<Url> resolve_url(const Url& base, std::string_view reference);

}  // namespace lyceum::http
