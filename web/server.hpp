#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/async/blocking_pool.hpp"
#include "base/async/task.hpp"
#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "memory/store.hpp"
#include "model/language_model.hpp"
#include "planner/run_port.hpp"
#include "tools/registry.hpp"

namespace lyceum::web {

/// Shorter credentials could be guessed.
inline constexpr std::size_t kMinTokenBytes = 16;

struct ServerOptions {
  std::string address = "127.0.0.1";  ///< IP address to listen on.
  std::uint16_t port = 0;             ///< 0: any free one.
  std::string token{};                ///< The credential; at least kMinTokenBytes.
  /// Values of `Host` that are right besides the listener's own address and localhost: "name" or "name:port".
  std::vector<std::string> allowed_hosts{};
  std::string version = "0.1.0";

  std::size_t connections_max = 8192;
  std::size_t connections_per_client_max = 4096;  ///< A client is an IP address.
  std::size_t requests_per_client_max = 128;      ///< Under way at once.
  std::size_t subscriptions_per_client_max = 1024;
  std::size_t subscriptions_per_socket_max = 64;
  std::size_t uploads_max = 4;  ///< At once: each may hold document_bytes_max in memory.
  std::size_t document_bytes_max = memory::kMaxDocumentBytes;
  std::size_t wrong_tokens_per_minute_max = 20;  ///< Of one client; then 429.

  std::chrono::milliseconds request_timeout{30'000};       ///< To receive a header, and a body of 1 MiB.
  std::chrono::milliseconds stream_comment_every{15'000};  ///< Keeps an idle event stream open.
  std::chrono::milliseconds socket_idle_timeout{40'000};   ///< A ping goes out after half of it.
  std::chrono::milliseconds drain_timeout{10'000};         ///< Then connections are cut.
};

/// What the server translates requests to; everything must outlive it.
struct ServerParts {
  planner::RunPort& runs;
  memory::Store& store;
  const tools::Registry& tools;
  model::LanguageModel& model;
  Metrics& metrics;
  const Clock& clock;
  BlockingPool& pool;
  net::any_io_executor executor;  ///< Each connection lives on a strand of it.
};

/// HTTP, server-sent events and WebSocket as in docs/api.md, and the page of web/ui.
///
/// Threads: members from any thread. Owns no thread; works as long as the executor runs.
class Server {
 public:
  Server(ServerParts parts, ServerOptions options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  ///< After drain(), or after the executor has stopped.

  /// Listens; returns the port. Errors: invalid_argument (address, token), io (port taken, no permission).
  /// Once.
  Result<std::uint16_t> start();

  /// Stops accepting, lets requests under way end, ends event streams, tells WebSockets {"op":"drain"} and
  /// closes them with 1001; after options.drain_timeout the rest is cut. Returns when no connection is left.
  Task<void> drain();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // Shared with the connections' completion handlers.
};

}  // namespace lyceum::web
