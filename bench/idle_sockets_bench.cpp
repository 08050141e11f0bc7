// Resident memory of the server for each idle WebSocket.
// usage: idle_sockets_bench <port> <token> <server's pid> <sockets>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace {

namespace net = boost::asio;
namespace websocket = boost::beast::websocket;
using Socket = websocket::stream<net::ip::tcp::socket>;

std::size_t resident_kib(const std::string& pid) {
  std::ifstream status("/proc/" + pid + "/status");
  for (std::string word; status >> word;) {
    std::size_t kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib;
  }
  return 0;
}

std::unique_ptr<Socket> open_socket(net::io_context& io, std::uint16_t port, const std::string& token) {
  auto socket = std::make_unique<Socket>(io);
  socket->next_layer().connect({net::ip::address_v4::loopback(), port});
  socket->set_option(websocket::stream_base::decorator([&token](websocket::request_type& request) {
    request.set(boost::beast::http::field::sec_websocket_protocol, "lyceum.v1, " + token);
  }));
  socket->handshake("127.0.0.1:" + std::to_string(port), "/api/ws");
  return socket;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 4) {
    std::cerr << "usage: idle_sockets_bench <port> <token> <server's pid> <sockets>\n";
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::stoul(arguments[0]));
  const std::size_t num_sockets = std::stoul(arguments[3]);
  net::io_context io;
  std::vector<std::unique_ptr<Socket>> sockets;
  // What the first connections allocate once is not theirs.
  for (int i = 0; i < 10; ++i) sockets.push_back(open_socket(io, port, arguments[1]));

  const std::size_t before_kib = resident_kib(arguments[2]);
  const auto started = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < num_sockets; ++i) sockets.push_back(open_socket(io, port, arguments[1]));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  const std::size_t after_kib = resident_kib(arguments[2]);

  const double each_kib = static_cast<double>(after_kib - before_kib) / static_cast<double>(num_sockets);
  std::cout << "idle WebSockets  resident memory each  opened in\n"
            << num_sockets << "  " << each_kib << " KiB  " << took.count() << " s\n";
  return 0;
}
