#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/async/blocking_pool.hpp"
#include "base/async/task.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace lyceum {

/// Which addresses an outbound request may reach, decided after DNS resolution and again at every redirect;
/// the connection goes to the very address that was checked, so a second DNS answer cannot change it.
struct EgressPolicy {
  bool allow_private = false;  ///< Loopback, private, link-local, unique-local, multicast, unspecified.
  std::vector<std::string>
      allowed_hosts{};  ///< Exact "host" or "host:port" that may be private all the same.
};

struct HttpRequest {
  std::string method = "GET";
  std::string url{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};

struct HttpLimits {
  std::chrono::milliseconds timeout{30'000};  ///< Of the whole exchange, redirects included.
  std::size_t body_bytes_max = 10U << 20U;
  std::uint32_t redirects_max = 5;  ///< 0: a redirect comes back as the response that it is.
};

struct HttpResponse {
  unsigned status = 0;
  std::string final_url{};
  std::vector<std::pair<std::string, std::string>> headers{};  ///< Names in lower case.
  std::string body{};
  std::string header(const std::string& lower_case_name) const;  ///< Empty when absent.
};

/// Takes the body piece by piece; false stops the exchange. Suspending in it stops reading from the peer.
using BodySink = std::function<Task<bool>(std::string piece)>;

/// The one outbound HTTP/1.1 client: TLS verified by name, redirects, limits, egress policy. A non-2xx status
/// is a response, not an error. Errors: invalid_argument (URL), forbidden (egress policy; names host and
/// address), unavailable (DNS, connect, TLS, broken exchange), deadline_exceeded, too_large, cancelled.
/// Thread-safe. Never logs headers or bodies.
class HttpClient {
 public:
  /// `extra_ca_file`: PEM of further trusted roots, for private servers and tests; empty: the system's.
  HttpClient(EgressPolicy policy, std::string extra_ca_file);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  Task<Result<HttpResponse>> send(HttpRequest request, HttpLimits limits);

  /// As send, but a 2xx body goes to `sink` as it arrives (other bodies come back whole). In limits.timeout
  /// only the time to the first byte and between bytes counts.
  Task<Result<HttpResponse>> stream(HttpRequest request, HttpLimits limits, BodySink sink);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum
