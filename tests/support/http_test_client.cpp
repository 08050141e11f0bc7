#include "tests/support/http_test_client.hpp"

#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace lyceum::test {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;

tcp::socket connected(net::io_context& io, std::uint16_t port) {
  tcp::socket socket(io);
  socket.open(tcp::v4());
  // Small, so that a client that does not read is soon felt at the other end.
  socket.set_option(net::socket_base::receive_buffer_size(64 << 10));
  socket.connect(tcp::endpoint(net::ip::address_v4::loopback(), port));
  return socket;
}

}  // namespace

struct RawClient::Impl {
  explicit Impl(std::uint16_t port) : socket(connected(io, port)) {}

  net::io_context io;
  tcp::socket socket;
  beast::flat_buffer buffer;
};

RawClient::RawClient(std::uint16_t port) : impl_(std::make_unique<Impl>(port)) {}

RawClient::~RawClient() = default;

void RawClient::send(const std::string& bytes) {
  boost::system::error_code ignored;  // The server may have answered and closed already.
  net::write(impl_->socket, net::buffer(bytes), ignored);
}

Reply RawClient::read_reply(bool is_head) {
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  parser.skip(is_head);
  http::read(impl_->socket, impl_->buffer, parser);
  Reply reply;
  const auto& message = parser.get();
  reply.status = message.result_int();
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    reply.headers[name] = std::string(field.value());
  }
  reply.body = message.body();
  return reply;
}

std::string RawClient::read_until(const std::string& end) {
  boost::system::error_code failed;
  for (;;) {
    const std::string text = beast::buffers_to_string(impl_->buffer.data());
    const auto found = text.find(end);
    if (found != std::string::npos || failed) {
      const std::size_t taken = failed ? text.size() : found + end.size();
      impl_->buffer.consume(taken);
      return text.substr(0, taken);
    }
    const std::size_t size = impl_->socket.read_some(impl_->buffer.prepare(4096), failed);
    impl_->buffer.commit(size);
  }
}

std::string RawClient::read_to_end() {
  boost::system::error_code failed;
  std::string text(static_cast<const char*>(impl_->buffer.data().data()), impl_->buffer.size());
  impl_->buffer.clear();
  std::array<char, 65536> piece{};
  while (!failed) {
    const std::size_t size = impl_->socket.read_some(net::buffer(piece), failed);
    text.append(piece.data(), size);
  }
  return text;
}

void RawClient::close() {
  impl_->socket.close();
}

std::string request_text(std::uint16_t port, const std::string& method, const std::string& target,
                         const std::string& body, HeaderMap headers) {
  headers.emplace("Host", "127.0.0.1:" + std::to_string(port));
  headers.emplace("Authorization", "Bearer " + kTestToken);
  if (!body.empty() || method == "POST") {
    headers.emplace("Content-Type", "application/json");
    headers.emplace("Content-Length", std::to_string(body.size()));
  }
  std::string text = method + " " + target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : headers) {
    if (!value.empty()) text += name + ": " + value + "\r\n";
  }
  return text + "\r\n" + body;
}

Reply request(std::uint16_t port, const std::string& method, const std::string& target,
              const std::string& body, HeaderMap headers) {
  RawClient client(port);
  client.send(request_text(port, method, target, body, std::move(headers)));
  return client.read_reply(method == "HEAD");
}

struct SocketClient::Impl {
  explicit Impl(std::uint16_t port) : socket(connected(io, port)) {}

  net::io_context io;
  beast::websocket::stream<tcp::socket> socket;
  beast::flat_buffer buffer;
  std::string subprotocol;
};

SocketClient::SocketClient(std::uint16_t port, bool has_token, HeaderMap headers)
    : impl_(std::make_unique<Impl>(port)) {
  if (has_token) headers.emplace("Sec-WebSocket-Protocol", "lyceum.v1, " + kTestToken);
  impl_->socket.set_option(
      beast::websocket::stream_base::decorator([&](beast::websocket::request_type& request) {
        for (const auto& [name, value] : headers) request.set(name, value);
      }));
  beast::websocket::response_type response;
  impl_->socket.handshake(response, "127.0.0.1:" + std::to_string(port), "/api/ws");
  impl_->subprotocol = std::string(response[http::field::sec_websocket_protocol]);
  impl_->socket.text(true);
}

SocketClient::~SocketClient() = default;

void SocketClient::send(const Json& message) {
  send_text(message.dump());
}

void SocketClient::send_text(const std::string& text) {
  boost::system::error_code ignored;
  impl_->socket.write(net::buffer(text), ignored);
}

void SocketClient::send_binary(const std::string& bytes) {
  impl_->socket.binary(true);
  send_text(bytes);
  impl_->socket.text(true);
}

std::optional<Json> SocketClient::receive() {
  boost::system::error_code failed;
  impl_->buffer.clear();
  impl_->socket.read(impl_->buffer, failed);
  if (failed) return std::nullopt;
  return Json::parse(beast::buffers_to_string(impl_->buffer.data()));
}

std::optional<Json> SocketClient::receive_op(const std::string& op) {
  for (;;) {
    auto frame = receive();
    if (!frame || frame->at("op") == op) return frame;
  }
}

unsigned SocketClient::close_code() {
  while (receive()) {
  }
  return impl_->socket.reason().code;
}

void SocketClient::leave() {
  boost::system::error_code ignored;
  impl_->socket.close(beast::websocket::close_code::normal, ignored);
}

std::string SocketClient::subprotocol() const {
  return impl_->subprotocol;
}

}  // namespace lyceum::test
