#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/http/url.hpp"
#include "base/http_client.hpp"

namespace lyceum::http {

/// One request to one server: no redirects, no resolution.
struct Exchange {
  Url url{};
  std::string method{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::vector<net::ip::address> addresses{};  ///< Checked by the policy; tried in order.
  HttpLimits limits{};
  net::steady_timer::time_point
      deadline{};   ///< Up to the response's header, and of the whole body without a sink.
  BodySink sink{};  ///< May be empty.
};

/// Errors: as HttpClient. The connection is closed afterwards.
Task<Result<HttpResponse>> run_exchange(net::ssl::context& tls, Exchange exchange);

}  // namespace lyceum::http
