#pragma once

#include <functional>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "base/async/task.hpp"
#include "web/server/server_state.hpp"

namespace lyceum::web {

/// How the server reaches a connection whose task is busy elsewhere. After start, used on `strand` only.
struct Connection {
  net::any_io_executor strand;
  std::string client{};         ///< The peer's IP address.
  std::string local_address{};  ///< Our end's.
  bool is_draining = false;
  std::function<void()> on_drain{};  ///< Ends in good order what the connection waits for; may be empty.
  std::function<void()> on_sever{};  ///< Closes the socket.
};

/// Serves one client until it leaves, breaks a rule or the server drains. Runs on connection.strand.
Task<void> serve_connection(ServerState& state, Connection& connection, net::ip::tcp::socket socket);

}  // namespace lyceum::web
