#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/json.hpp"

namespace lyceum::test {

inline const std::string kTestToken = "a-token-for-the-tests";

struct Reply {
  unsigned status = 0;
  std::map<std::string, std::string> headers{};  ///< Names in lower case.
  std::string body{};

  Json json() const { return Json::parse(body); }
};

using HeaderMap = std::map<std::string, std::string>;

/// A blocking TCP client of 127.0.0.1 that sends exactly what it is told.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();

  void send(const std::string& bytes);
  /// One HTTP answer. `is_head`: it has no body.
  Reply read_reply(bool is_head = false);
  /// All bytes up to `end` (included); less when the peer closes.
  std::string read_until(const std::string& end);
  /// Everything up to the peer's close.
  std::string read_to_end();
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A whole request on a connection of its own. Adds Host, the bearer token and, for bodies, Content-Type
/// unless given (an empty value leaves the header out).
Reply request(std::uint16_t port, const std::string& method, const std::string& target,
              const std::string& body = "", HeaderMap headers = {});

/// The text of such a request.
std::string request_text(std::uint16_t port, const std::string& method, const std::string& target,
                         const std::string& body = "", HeaderMap headers = {});

/// A blocking WebSocket client of /api/ws.
class SocketClient {
 public:
  /// Connects with the token as a subprotocol, or with `headers` alone when `has_token` is false.
  explicit SocketClient(std::uint16_t port, bool has_token = true, HeaderMap headers = {});
  ~SocketClient();

  void send(const Json& message);
  void send_text(const std::string& text);
  void send_binary(const std::string& bytes);
  /// The next frame; nothing when the connection is closed.
  std::optional<Json> receive();
  /// Skips frames until one with this op; nothing when the connection is closed first.
  std::optional<Json> receive_op(const std::string& op);
  /// Reads to the close and returns its code.
  unsigned close_code();
  void leave();
  std::string subprotocol() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::test
