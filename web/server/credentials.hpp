#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace lyceum::web {

/// Decides who may pass: the one token, or the cookie made from it. Thread-safe.
class Credentials {
 public:
  /// `port` keeps the cookies of two services on one host apart.
  Credentials(std::string token, std::uint16_t port, std::size_t wrong_tokens_per_minute_max);

  enum class Verdict { granted, missing, wrong, throttled };

  /// What a request carries; empty members are absent.
  struct Presented {
    std::string_view authorization{};       ///< "Bearer <token>"
    std::string_view cookie{};              ///< The Cookie header.
    std::string_view websocket_protocol{};  ///< "lyceum.v1, <token>"
  };

  Verdict check(const Presented& presented, const std::string& client, std::int64_t now_ms);

  /// For POST /api/session.
  Verdict check_token(std::string_view token, const std::string& client, std::int64_t now_ms);

  /// The value of Set-Cookie.
  std::string set_cookie() const;

 private:
  struct Failures {
    std::int64_t window_start_ms = 0;
    std::size_t count = 0;
  };

  bool has_session_cookie(std::string_view cookie_header) const;

  const std::string token_;
  const std::string cookie_name_;
  const std::string cookie_value_;
  const std::size_t wrong_max_;
  std::mutex mutex_;
  std::map<std::string, Failures> failures_;
};

}  // namespace lyceum::web
