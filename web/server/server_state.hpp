#pragma once

#include <atomic>
#include <cstdint>

#include "web/native/routes.hpp"
#include "web/server.hpp"
#include "web/server/client_limits.hpp"
#include "web/server/credentials.hpp"

namespace lyceum::web {

/// What all connections of one server share. Thread-safe.
struct ServerState {
  ServerState(ServerParts parts_in, ServerOptions options_in, std::uint16_t port_in);

  /// After a connection or a subscription came or went.
  void publish_gauges();

  /// Names a failure in the log and in the answer, so that one leads to the other.
  std::string next_failure_id();

  ServerParts parts;
  ServerOptions options;
  std::uint16_t port;
  Services services;
  Credentials credentials;
  ClientLimits limits;

 private:
  std::atomic<std::uint64_t> num_failures_{0};
};

}  // namespace lyceum::web
