#include "base/http_client.hpp"

#include <algorithm>
#include <stdexcept>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "base/http/address_policy.hpp"
#include "base/http/exchange.hpp"
#include "base/http/url.hpp"

namespace lyceum {
namespace {

constexpr std::size_t kMaxAddresses = 4;
constexpr std::size_t kMaxHeaders = 100;
constexpr std::size_t kMaxMethodBytes = 16;

using Headers = std::vector<std::pair<std::string, std::string>>;

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool is_token(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7F && std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
}

/// A line break in a value would end the header and begin another request.
Result<void> check_headers(const Headers& headers) {
  if (headers.size() > kMaxHeaders) return Error{Errc::invalid_argument, "headers: too many"};
  for (const auto& [name, value] : headers) {
    if (!is_token(name))
      return Error{Errc::invalid_argument, "headers: a name has characters that are not allowed"};
    const std::string lower = lower_case(name);
    for (const char* own :
         {"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "expect"}) {
      if (lower == own)
        return Error{Errc::invalid_argument, "headers: " + lower + " is set by the client itself"};
    }
    const bool is_clean = std::none_of(value.begin(), value.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
    if (!is_clean) return Error{Errc::invalid_argument, "headers: " + lower + " has a control character"};
  }
  return ok();
}

Result<void> check_method(const std::string& method) {
  const bool is_fit = !method.empty() && method.size() <= kMaxMethodBytes && method != "CONNECT" &&
                      std::all_of(method.begin(), method.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!is_fit) return Error{Errc::invalid_argument, "method: must be an HTTP method in upper case"};
  return ok();
}

bool is_redirect(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// What the next request of a redirect may carry: no body where the method becomes GET, and to another origin
/// none of the headers that could hold a credential.
void prepare_redirect(HttpRequest& request, unsigned status, bool is_same_origin) {
  const bool becomes_get = (status == 303 && request.method != "HEAD") ||
                           ((status == 301 || status == 302) && request.method == "POST");
  if (becomes_get) {
    request.method = "GET";
    request.body.clear();
  }
  std::erase_if(request.headers, [&](const auto& header) {
    const std::string name = lower_case(header.first);
    if (becomes_get && name.starts_with("content-")) return true;
    return !is_same_origin && name != "accept" && name != "accept-language" && name != "content-type" &&
           name != "user-agent";
  });
}

Error no_permission(const http::Url& url, const net::ip::address& address) {
  return {Errc::forbidden, url.host + " (" + address.to_string() +
                               "): not a public address; permit the host in the egress policy to reach it"};
}

using Deadline = net::steady_timer::time_point;
using Addresses = std::vector<net::ip::address>;

/// Shared by the task that waits and the resolver's handler: getaddrinfo cannot be interrupted, so at a
/// deadline or a cancellation the task leaves and the answer, when it comes, is dropped.
struct Resolution {
  explicit Resolution(const net::any_io_executor& executor) : resolver(executor), answered(executor) {}

  net::ip::tcp::resolver resolver;
  net::steady_timer answered;
  bool has_answer = false;
  boost::system::error_code code{};
  Addresses addresses{};
};

Task<Result<Addresses>> resolve(std::string host, Deadline deadline) {
  boost::system::error_code not_a_number;
  const auto literal = net::ip::make_address(host, not_a_number);
  if (!not_a_number) co_return Addresses{literal};
  const auto state = std::make_shared<Resolution>(co_await net::this_coro::executor);
  state->answered.expires_at(deadline);
  state->resolver.async_resolve(host, "", [state](boost::system::error_code code, const auto& found) {
    state->has_answer = true;
    state->code = code;
    for (const auto& entry : found) state->addresses.push_back(entry.endpoint().address());
    state->answered.cancel();
  });
  const auto [interrupted] = co_await state->answered.async_wait(as_result);
  if (!state->has_answer) {
    if (interrupted) co_return Error{Errc::cancelled, host + ": cancelled while resolving"};
    co_return Error{Errc::deadline_exceeded, host + ": ran out of time while resolving"};
  }
  if (state->code)
    co_return Error{Errc::unavailable, host + ": cannot be resolved: " + state->code.message()};
  if (state->addresses.empty()) co_return Error{Errc::unavailable, host + ": has no address"};
  co_return std::move(state->addresses);
}

/// The addresses that the policy permits. Errors: forbidden, naming the first when none is.
Task<Result<Addresses>> permitted_addresses(const EgressPolicy& policy, const http::Url& url,
                                            Deadline deadline) {
  CO_TRY(auto addresses, co_await resolve(url.host, deadline));
  const net::ip::address first = addresses.front();
  std::erase_if(addresses, [&](const net::ip::address& address) {
    return !http::is_permitted(policy, url.host, url.port, address);
  });
  if (addresses.empty()) co_return no_permission(url, first);
  if (addresses.size() > kMaxAddresses) addresses.resize(kMaxAddresses);
  co_return addresses;
}

}  // namespace

struct HttpClient::Impl {
  Impl(EgressPolicy egress, const std::string& extra_ca_file)
      : policy(std::move(egress)), tls(net::ssl::context::tls_client) {
    tls.set_options(net::ssl::context::no_tlsv1 | net::ssl::context::no_tlsv1_1);
    tls.set_default_verify_paths();
    tls.set_verify_mode(net::ssl::verify_peer);
    if (extra_ca_file.empty()) return;
    boost::system::error_code code;
    tls.load_verify_file(extra_ca_file, code);
    if (code)
      throw std::runtime_error("cannot read trusted roots from " + extra_ca_file + ": " + code.message());
  }

  Task<Result<HttpResponse>> follow(HttpRequest request, HttpLimits limits, BodySink sink);

  const EgressPolicy policy;
  net::ssl::context tls;
};

Task<Result<HttpResponse>> HttpClient::Impl::follow(HttpRequest request, HttpLimits limits, BodySink sink) {
  CO_TRY_OK(check_method(request.method));
  CO_TRY_OK(check_headers(request.headers));
  CO_TRY(http::Url url, http::parse_url(request.url));
  const auto deadline = net::steady_timer::clock_type::now() + limits.timeout;
  for (std::uint32_t num_redirects = 0;; ++num_redirects) {
    http::Exchange exchange{.url = url,
                            .method = request.method,
                            .headers = request.headers,
                            .body = request.body,
                            .limits = limits};
    CO_TRY(exchange.addresses, co_await permitted_addresses(policy, url, deadline));
    exchange.deadline = deadline;
    exchange.sink = sink;
    CO_TRY(HttpResponse response, co_await http::run_exchange(tls, std::move(exchange)));
    const std::string location = response.header("location");
    if (!is_redirect(response.status) || location.empty() || limits.redirects_max == 0) co_return response;
    if (num_redirects == limits.redirects_max) {
      co_return Error{Errc::unavailable,
                      url.authority() + ": more than " + std::to_string(num_redirects) + " redirects"};
    }
    auto next = http::resolve_url(url, location);
    if (!next) {
      co_return Error{Errc::unavailable,
                      url.authority() + ": redirects to a bad address: " + next.error().message};
    }
    if (url.is_https && !next->is_https) {
      co_return Error{Errc::forbidden, url.authority() + ": redirects from https to http"};
    }
    prepare_redirect(request, response.status, url.is_same_origin(*next));
    url = *std::move(next);
  }
}

HttpClient::HttpClient(EgressPolicy policy, std::string extra_ca_file)
    : impl_(std::make_unique<Impl>(std::move(policy), extra_ca_file)) {}

HttpClient::~HttpClient() = default;

std::string HttpResponse::header(const std::string& lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

Task<Result<HttpResponse>> HttpClient::send(HttpRequest request, HttpLimits limits) {
  return stream(std::move(request), limits, nullptr);
}

Task<Result<HttpResponse>> HttpClient::stream(HttpRequest request, HttpLimits limits, BodySink sink) {
  try {
    co_return co_await impl_->follow(std::move(request), limits, std::move(sink));
  } catch (const boost::system::system_error& error) {
    // After a cancellation the next await throws.
    if (error.code() != net::error::operation_aborted) throw;
    co_return Error{Errc::cancelled, "the request was cancelled"};
  }
}

}  // namespace lyceum
