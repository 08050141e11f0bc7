#include "web/server.hpp"

#include <optional>
#include <set>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "base/async/signal.hpp"
#include "base/log.hpp"
#include "web/server/connection.hpp"

namespace lyceum::web {

using tcp = net::ip::tcp;

ServerState::ServerState(ServerParts parts_in, ServerOptions options_in, std::uint16_t port_in)
    : parts(parts_in),
      options(std::move(options_in)),
      port(port_in),
      services{.runs = parts.runs,
               .store = parts.store,
               .tools = parts.tools,
               .model = parts.model,
               .metrics = parts.metrics,
               .clock = parts.clock,
               .pool = parts.pool,
               .version = options.version,
               .started_ms = parts.clock.now_ms()},
      credentials(options.token, port, options.wrong_tokens_per_minute_max),
      limits({.connections = options.connections_per_client_max,
              .requests = options.requests_per_client_max,
              .subscriptions = options.subscriptions_per_client_max,
              .uploads = options.uploads_max}) {}

void ServerState::publish_gauges() {
  parts.metrics.set("lyceum_http_connections", "Open client connections",
                    static_cast<double>(limits.total(ClientLimits::What::connection)));
  parts.metrics.set("lyceum_subscriptions", "Open event streams and WebSocket subscriptions",
                    static_cast<double>(limits.total(ClientLimits::What::subscription)));
}

std::string ServerState::next_failure_id() {
  return std::to_string(services.started_ms) + "-" + std::to_string(++num_failures_);
}

/// The listener and its connections. State of its own is used on strand_.
class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(ServerParts parts, ServerOptions options)
      : parts_(parts),
        options_(std::move(options)),
        strand_(net::make_strand(parts.executor)),
        acceptor_(strand_),
        changed_(strand_) {}

  Result<std::uint16_t> start();

  Task<void> drain() { co_await net::co_spawn(strand_, drain_on_strand(), net::use_awaitable); }

 private:
  Result<void> listen();
  Task<void> accept_connections();
  void add_connection(tcp::socket socket, const net::any_io_executor& strand);
  void remove_connection(const std::shared_ptr<Connection>& connection, const std::exception_ptr& failure);
  Task<void> drain_on_strand();
  void tell_all(void (*tell)(Connection&));

  ServerParts parts_;
  ServerOptions options_;
  net::any_io_executor strand_;
  tcp::acceptor acceptor_;
  Signal changed_;
  std::optional<ServerState> state_;                   // Made when the port is known.
  std::set<std::shared_ptr<Connection>> connections_;  // Shared with the connections' tasks.
  bool is_draining_ = false;
  bool is_accepting_ = false;
};

Result<void> Server::Impl::listen() {
  boost::system::error_code failed;
  const auto address = net::ip::make_address(options_.address, failed);
  if (failed)
    return Error{Errc::invalid_argument, "address: \"" + options_.address + "\" is not an IP address"};
  const tcp::endpoint endpoint(address, options_.port);
  const auto refuse = [&](const char* step) {
    return Error{Errc::io, std::string(step) + " " + options_.address + ":" + std::to_string(options_.port) +
                               ": " + failed.message()};
  };
  acceptor_.open(endpoint.protocol(), failed);
  if (failed) return refuse("open");
  acceptor_.set_option(net::socket_base::reuse_address(true), failed);
  acceptor_.bind(endpoint, failed);
  if (failed) return refuse("bind");
  acceptor_.listen(net::socket_base::max_listen_connections, failed);
  if (failed) return refuse("listen");
  return ok();
}

Result<std::uint16_t> Server::Impl::start() {
  LYCEUM_CHECK(!state_);
  if (options_.token.size() < kMinTokenBytes) {
    return Error{Errc::invalid_argument,
                 "token: needs at least " + std::to_string(kMinTokenBytes) + " characters"};
  }
  TRY_OK(listen());
  const std::uint16_t port = acceptor_.local_endpoint().port();
  state_.emplace(parts_, options_, port);
  is_accepting_ = true;
  auto ended = [self = shared_from_this()](const std::exception_ptr&) {
    self->is_accepting_ = false;
    self->changed_.notify_all();
  };
  net::co_spawn(strand_, accept_connections(), net::bind_executor(strand_, std::move(ended)));
  return port;
}

Task<void> Server::Impl::accept_connections() {
  while (!is_draining_) {
    const net::any_io_executor strand = net::make_strand(parts_.executor);
    auto [failed, socket] = co_await acceptor_.async_accept(strand, as_result);
    if (!failed) {
      add_connection(std::move(socket), strand);
    } else if (!is_draining_) {
      // Out of file descriptors, most likely: some come back when a connection ends.
      log_warning("accept.failed", {{"error", failed.message()}});
      net::steady_timer pause(strand_, std::chrono::milliseconds(100));
      co_await pause.async_wait(as_result);
    }
  }
}

void Server::Impl::add_connection(tcp::socket socket, const net::any_io_executor& strand) {
  boost::system::error_code failed;
  const auto peer = socket.remote_endpoint(failed);
  if (failed || connections_.size() >= options_.connections_max) return;
  const auto local = socket.local_endpoint(failed);
  if (failed) return;
  auto connection = std::make_shared<Connection>(Connection{
      .strand = strand, .client = peer.address().to_string(), .local_address = local.address().to_string()});
  connections_.insert(connection);
  auto ended = [self = shared_from_this(), connection](const std::exception_ptr& failure) {
    self->remove_connection(connection, failure);
  };
  net::co_spawn(strand, serve_connection(*state_, *connection, std::move(socket)),
                net::bind_executor(strand_, std::move(ended)));
}

void Server::Impl::remove_connection(const std::shared_ptr<Connection>& connection,
                                     const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    log_error("connection.failed", {{"error", error.what()}});
  }
  connections_.erase(connection);
  state_->publish_gauges();
  changed_.notify_all();
}

void Server::Impl::tell_all(void (*tell)(Connection&)) {
  for (const auto& connection : connections_) {
    net::post(connection->strand, [connection, tell] { tell(*connection); });
  }
}

Task<void> Server::Impl::drain_on_strand() {
  is_draining_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  tell_all([](Connection& connection) {
    connection.is_draining = true;
    if (connection.on_drain) connection.on_drain();
  });
  const auto deadline = std::chrono::steady_clock::now() + options_.drain_timeout;
  while (!connections_.empty() && std::chrono::steady_clock::now() < deadline)
    co_await changed_.wait_until(deadline);
  tell_all([](Connection& connection) {
    if (connection.on_sever) connection.on_sever();
  });
  while (!connections_.empty() || is_accepting_) co_await changed_.wait();
}

Server::Server(ServerParts parts, ServerOptions options)
    : impl_(std::make_shared<Impl>(parts, std::move(options))) {}

Server::~Server() = default;

Result<std::uint16_t> Server::start() {
  return impl_->start();
}

Task<void> Server::drain() {
  return impl_->drain();
}

}  // namespace lyceum::web
