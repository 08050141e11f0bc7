#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "web/native/routes.hpp"
#include "web/server/server_state.hpp"
#include "web/server/static_files.hpp"

namespace lyceum::web {

/// What is known of a request before its body is read.
struct RequestHead {
  std::string method{};
  std::string target{};
  std::string host{};
  std::string origin{};
  std::string authorization{};
  std::string cookie{};
  std::string websocket_protocol{};
  std::string content_type{};
  std::string accept{};
  std::string accept_encoding{};
  std::string if_none_match{};
  std::string last_event_id{};
  std::uint64_t body_bytes = 0;  ///< As announced; a chunked body announces nothing.
  bool is_chunked = false;
  bool is_upgrade = false;  ///< A WebSocket handshake.
  bool expects_continue = false;
};

/// A request that may go on to its route or static file (exactly one is set).
struct Admitted {
  const Route* route = nullptr;
  StaticFile static_file{};
  std::map<std::string, std::string> params{};
  Query query{};
  /// False only for a WebSocket handshake, which is accepted and closed with 4401: a browser cannot see a
  /// status.
  bool has_credential = true;
};

/// Everything that can be refused without the body: host, origin, path, method, credential, content type,
/// announced size. `local_address` is the connection's own end.
std::variant<Admitted, Answer> admit(ServerState& state, const RequestHead& head, const std::string& client,
                                     const std::string& local_address);

/// Bytes that the route's body may have.
std::size_t body_bytes_max(const ServerState& state, const Route& route);

/// Guards against DNS rebinding: a page of a foreign name that resolves to this machine carries the foreign
/// name.
bool is_host_allowed(std::string_view host, std::string_view local_address, std::uint16_t port,
                     const std::vector<std::string>& allowed_hosts);

/// True when absent, or when it names the host that the request was sent to.
bool is_origin_allowed(std::string_view origin, std::string_view host);

/// 401 or 429, by verdict.
Answer refusal_of(Credentials::Verdict verdict);

}  // namespace lyceum::web
