#include "web/server/credentials.hpp"

#include "base/hash.hpp"

namespace lyceum::web {
namespace {

constexpr std::int64_t kWindowMs = 60'000;
constexpr std::size_t kMaxClientsRemembered = 10'000;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  return authorization.starts_with(kScheme) ? trimmed(authorization.substr(kScheme.size()))
                                            : std::string_view();
}

std::string_view protocol_token(std::string_view protocols) {
  const auto comma = protocols.find(',');
  if (comma == std::string_view::npos || trimmed(protocols.substr(0, comma)) != "lyceum.v1") return {};
  return trimmed(protocols.substr(comma + 1));
}

}  // namespace

// The cookie is derived, not the token itself, and stays right over a restart with the same token.
Credentials::Credentials(std::string token, std::uint16_t port, std::size_t wrong_tokens_per_minute_max)
    : token_(std::move(token)),
      cookie_name_("lyceum_session_" + std::to_string(port)),
      cookie_value_(sha256_hex("lyceum session cookie of " + token_)),
      wrong_max_(wrong_tokens_per_minute_max) {}

bool Credentials::has_session_cookie(std::string_view cookie_header) const {
  while (!cookie_header.empty()) {
    const auto end = cookie_header.find(';');
    const std::string_view cookie = trimmed(cookie_header.substr(0, end));
    const auto equals = cookie.find('=');
    if (equals != std::string_view::npos && cookie.substr(0, equals) == cookie_name_ &&
        equal_constant_time(cookie.substr(equals + 1), cookie_value_)) {
      return true;
    }
    cookie_header = end == std::string_view::npos ? std::string_view() : cookie_header.substr(end + 1);
  }
  return false;
}

Credentials::Verdict Credentials::check(const Presented& presented, const std::string& client,
                                        std::int64_t now_ms) {
  std::string_view token = bearer_token(presented.authorization);
  if (token.empty()) token = protocol_token(presented.websocket_protocol);
  if (!token.empty()) return check_token(token, client, now_ms);
  // A stale cookie of an old tab must not lock its owner out, and nobody guesses 256 bits: it does not count.
  return has_session_cookie(presented.cookie) ? Verdict::granted : Verdict::missing;
}

Credentials::Verdict Credentials::check_token(std::string_view token, const std::string& client,
                                              std::int64_t now_ms) {
  const bool is_right = equal_constant_time(token, token_);
  const std::scoped_lock lock(mutex_);
  const auto found = failures_.find(client);
  const bool is_recent = found != failures_.end() && now_ms - found->second.window_start_ms < kWindowMs;
  if (is_recent && found->second.count >= wrong_max_) return Verdict::throttled;
  if (is_right) return Verdict::granted;
  if (!is_recent) {
    if (failures_.size() >= kMaxClientsRemembered) failures_.clear();
    failures_[client] = {.window_start_ms = now_ms};
  }
  ++failures_[client].count;
  return Verdict::wrong;
}

std::string Credentials::set_cookie() const {
  return cookie_name_ + "=" + cookie_value_ + "; HttpOnly; SameSite=Strict; Path=/";
}

}  // namespace lyceum::web
