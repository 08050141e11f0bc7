// From an event's append (its `ts`, in ms) to its arrival at a WebSocket client on the same machine, while
// many runs are under way. usage: live_events_bench <port> <token> <runs> [question]
#include <algorithm>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using lyceum::Json;
using tcp = net::ip::tcp;

constexpr std::size_t kRunsPerSocket = 10;

struct Server {
  std::uint16_t port = 0;
  std::string token{};

  std::string host() const { return "127.0.0.1:" + std::to_string(port); }
};

std::string start_run(const Server& server, const std::string& question) {
  net::io_context io;
  tcp::socket socket(io);
  socket.connect({net::ip::address_v4::loopback(), server.port});
  http::request<http::string_body> request(http::verb::post, "/api/runs", 11);
  request.set(http::field::host, server.host());
  request.set(http::field::authorization, "Bearer " + server.token);
  request.set(http::field::content_type, "application/json");
  request.body() = Json{{"question", question}}.dump();
  request.prepare_payload();
  http::write(socket, request);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(socket, buffer, response);
  const Json body = Json::parse(response.body());
  if (!body.contains("run")) throw std::runtime_error(response.body());
  return body["run"];
}

/// Follows some runs on one socket until all of them are over; returns the live events' delays.
std::vector<std::int64_t> follow(const Server& server, std::size_t num_runs, const std::string& question) {
  net::io_context io;
  beast::websocket::stream<tcp::socket> socket(io);
  socket.next_layer().connect({net::ip::address_v4::loopback(), server.port});
  socket.set_option(beast::websocket::stream_base::decorator([&](beast::websocket::request_type& request) {
    request.set(http::field::sec_websocket_protocol, "lyceum.v1, " + server.token);
  }));
  socket.handshake(server.host(), "/api/ws");
  for (std::size_t i = 0; i < num_runs; ++i) {
    const Json sub = {{"op", "sub"}, {"run", start_run(server, question)}, {"after", 0}};
    socket.write(net::buffer(sub.dump()));
  }

  const lyceum::SystemClock clock;
  std::map<std::string, bool> is_live;
  std::vector<std::int64_t> delays_ms;
  std::size_t num_over = 0;
  beast::flat_buffer buffer;
  while (num_over < num_runs) {
    buffer.clear();
    socket.read(buffer);
    const Json frame = Json::parse(beast::buffers_to_string(buffer.data()));
    if (frame["op"] == "live") is_live[frame["run"]] = true;
    if (frame["op"] == "gap") throw std::runtime_error("a gap: this client is too slow");
    if (frame["op"] != "event") continue;
    if (is_live[frame["run"]]) delays_ms.push_back(clock.now_ms() - frame["event"]["ts"].get<std::int64_t>());
    if (frame["event"]["type"] == "run.finished") ++num_over;
  }
  return delays_ms;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3) {
    std::cerr << "usage: live_events_bench <port> <token> <runs> [question]\n";
    return 2;
  }
  const Server server{.port = static_cast<std::uint16_t>(std::stoul(arguments[0])), .token = arguments[1]};
  const std::size_t num_runs = std::stoul(arguments[2]);
  const std::string question = arguments.size() > 3 ? arguments[3] : "What causes the tides?";
  std::mutex mutex;
  std::vector<std::int64_t> delays_ms;
  std::vector<std::jthread> clients;
  for (std::size_t i = 0; i < num_runs; i += kRunsPerSocket) {
    clients.emplace_back([&, share = std::min(kRunsPerSocket, num_runs - i)] {
      const auto own = follow(server, share, question);
      const std::scoped_lock lock(mutex);
      delays_ms.insert(delays_ms.end(), own.begin(), own.end());
    });
  }
  clients.clear();
  if (delays_ms.empty()) {
    std::cerr << "no live events\n";
    return 1;
  }
  std::ranges::sort(delays_ms);
  const auto at = [&](double part) {
    return delays_ms[static_cast<std::size_t>(part * static_cast<double>(delays_ms.size() - 1))];
  };
  std::cout << "runs  live events  p50  p99  max (ms, append to client)\n"
            << num_runs << "  " << delays_ms.size() << "  " << at(0.5) << "  " << at(0.99) << "  "
            << delays_ms.back() << "\n";
  return 0;
}
