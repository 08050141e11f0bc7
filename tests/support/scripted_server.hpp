#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace lyceum::test {

/// One request as it came over the wire.
struct SeenRequest {
  std::string head{};  ///< Request line and headers.
  std::string body{};

  /// The value of a header, or nothing; `name` in lower case.
  std::string header(const std::string& name) const;
  std::string target() const;
};

/// What the server writes back, byte for byte.
struct Script {
  std::vector<std::string> pieces{};  ///< Written one by one.
  bool stalls = false;                ///< Afterwards waits for the client to leave instead of closing.
};

/// A certificate and its key, made on the fly; it signs itself.
struct TestCertificate {
  std::string certificate_pem{};
  std::string key_pem{};
};

TestCertificate make_certificate(const std::string& dns_name);

/// A complete response with a Content-Length.
Script respond(int status, const std::string& body, const std::string& extra_headers = "");

/// An HTTP server on a free port of 127.0.0.1 that plays scripts: one thread, one connection and one request
/// at a time.
class ScriptedServer {
 public:
  using Handler = std::function<Script(const SeenRequest&)>;

  /// Speaks TLS when `tls` is given. `handler` is called on the server's thread.
  explicit ScriptedServer(Handler handler, const TestCertificate* tls = nullptr);
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

  std::uint16_t port() const;
  std::string url(const std::string& target) const;
  std::vector<SeenRequest> seen() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::test
