#include <algorithm>
#include <array>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "base/http/exchange.hpp"

namespace lyceum::http {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using net::ip::tcp;

constexpr std::uint32_t kMaxHeaderBytes = 64U << 10U;
constexpr std::size_t kChunkBytes = 16U << 10U;
constexpr int kMaxInterimResponses = 4;

Error failed(const Exchange& exchange, const char* doing, error_code code) {
  const std::string where = exchange.url.authority();
  if (code == beast::error::timeout)
    return {Errc::deadline_exceeded, where + ": ran out of time while " + doing};
  if (code == net::error::operation_aborted) return {Errc::cancelled, where + ": cancelled while " + doing};
  if (code == http::error::header_limit) return {Errc::too_large, where + ": header is too large"};
  return {Errc::unavailable, where + ": " + doing + " failed: " + code.message()};
}

/// Every address gets an equal share of the time that is left, so that a dead one does not use it up.
Task<Result<void>> connect(beast::tcp_stream& stream, const Exchange& exchange) {
  error_code last = net::error::host_unreachable;
  for (std::size_t at = 0; at < exchange.addresses.size(); ++at) {
    const auto now = net::steady_timer::clock_type::now();
    const auto num_left = static_cast<std::int64_t>(exchange.addresses.size() - at);
    stream.expires_at(now + std::max(exchange.deadline - now, {}) / num_left);
    const tcp::endpoint endpoint(exchange.addresses[at], exchange.url.port);
    const auto [code] = co_await stream.async_connect(endpoint, as_result);
    if (!code) {
      stream.socket().set_option(tcp::no_delay(true));
      stream.expires_at(exchange.deadline);
      co_return ok();
    }
    last = code;
    if (code == net::error::operation_aborted) break;
    error_code ignored;
    stream.socket().close(ignored);
  }
  co_return failed(exchange, "connecting", last);
}

http::request<http::string_body> make_request(const Exchange& exchange) {
  http::request<http::string_body> request;
  request.version(11);
  request.method_string(exchange.method);
  request.target(exchange.url.target);
  request.set(http::field::host, exchange.url.authority());
  request.set(http::field::user_agent, "lyceum");
  request.set(http::field::accept_encoding, "identity");
  request.set(http::field::connection, "close");
  for (const auto& [name, value] : exchange.headers) request.set(name, value);
  request.body() = exchange.body;
  if (!exchange.body.empty() || exchange.method == "POST" || exchange.method == "PUT")
    request.prepare_payload();
  return request;
}

std::string lower_case(boost::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

using Parser = http::response_parser<http::buffer_body>;

HttpResponse read_head(const Exchange& exchange, const Parser& parser) {
  HttpResponse response;
  response.status = parser.get().result_int();
  response.final_url = exchange.url.text();
  for (const auto& field : parser.get()) {
    response.headers.emplace_back(lower_case({field.name_string().data(), field.name_string().size()}),
                                  std::string(field.value()));
  }
  return response;
}

bool is_success(unsigned status) {
  return status >= 200 && status < 300;
}

/// Reads the body that follows `parser`'s header, to the sink or into the response.
template <class Stream>
Task<Result<void>> read_body(Stream& stream, beast::flat_buffer& buffer, Parser& parser,
                             const Exchange& exchange, HttpResponse& response) {
  const bool is_streaming = exchange.sink && is_success(response.status);
  std::array<char, kChunkBytes> chunk{};
  std::size_t total = 0;
  while (!parser.is_done()) {
    if (is_streaming) beast::get_lowest_layer(stream).expires_after(exchange.limits.timeout);
    auto& body = parser.get().body();
    body.data = chunk.data();
    body.size = chunk.size();
    body.more = true;
    auto [code, received] = co_await http::async_read_some(stream, buffer, parser, as_result);
    if (code && code != http::error::need_buffer) co_return failed(exchange, "reading the body", code);
    const std::size_t size = chunk.size() - parser.get().body().size;
    total += size;
    if (total > exchange.limits.body_bytes_max) {
      co_return Error{Errc::too_large, exchange.url.authority() + ": body is larger than " +
                                           std::to_string(exchange.limits.body_bytes_max) + " bytes"};
    }
    if (size == 0) continue;
    if (!is_streaming) {
      response.body.append(chunk.data(), size);
    } else if (!co_await exchange.sink(std::string(chunk.data(), size))) {
      co_return Error{Errc::cancelled, exchange.url.authority() + ": the reader stopped the body"};
    }
  }
  co_return ok();
}

template <class Stream>
Task<Result<HttpResponse>> transfer(Stream& stream, const Exchange& exchange) {
  auto request = make_request(exchange);
  const auto [write_failed, sent] = co_await http::async_write(stream, request, as_result);
  if (write_failed) co_return failed(exchange, "sending the request", write_failed);
  beast::flat_buffer buffer;
  for (int interim = 0; interim <= kMaxInterimResponses; ++interim) {
    Parser parser;
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(boost::none);  // read_body counts, for bodies without a length too.
    parser.skip(exchange.method == "HEAD");
    const auto [read_failed, received] = co_await http::async_read_header(stream, buffer, parser, as_result);
    if (read_failed) co_return failed(exchange, "reading the header", read_failed);
    HttpResponse response = read_head(exchange, parser);
    if (response.status >= 100 && response.status < 200 && response.status != 101) continue;
    const std::string encoding = response.header("content-encoding");
    if (!encoding.empty() && encoding != "identity") {
      co_return Error{Errc::unavailable,
                      exchange.url.authority() + ": sent an encoded body that was not asked for"};
    }
    CO_TRY_OK(co_await read_body(stream, buffer, parser, exchange, response));
    co_return response;
  }
  co_return Error{Errc::unavailable, exchange.url.authority() + ": sent interim responses only"};
}

Task<Result<HttpResponse>> transfer_over_tls(net::ssl::context& tls, beast::tcp_stream socket,
                                             const Exchange& exchange) {
  beast::ssl_stream<beast::tcp_stream> stream(std::move(socket), tls);
  error_code not_a_number;
  net::ip::make_address(exchange.url.host, not_a_number);
  // Server names are for names only (RFC 6066).
  if (not_a_number && SSL_set_tlsext_host_name(stream.native_handle(), exchange.url.host.c_str()) != 1) {
    co_return Error{Errc::internal, exchange.url.host + ": cannot set the server name"};
  }
  stream.set_verify_callback(net::ssl::host_name_verification(exchange.url.host));
  const auto [code] = co_await stream.async_handshake(net::ssl::stream_base::client, as_result);
  if (code) {
    const long verdict = SSL_get_verify_result(stream.native_handle());
    if (verdict == X509_V_OK) co_return failed(exchange, "the TLS handshake", code);
    co_return Error{Errc::unavailable, exchange.url.authority() + ": its certificate was refused: " +
                                           X509_verify_cert_error_string(verdict)};
  }
  co_return co_await transfer(stream, exchange);
}

}  // namespace

Task<Result<HttpResponse>> run_exchange(net::ssl::context& tls, Exchange exchange) {
  beast::tcp_stream socket(co_await net::this_coro::executor);
  CO_TRY_OK(co_await connect(socket, exchange));
  if (exchange.url.is_https) co_return co_await transfer_over_tls(tls, std::move(socket), exchange);
  co_return co_await transfer(socket, exchange);
}

}  // namespace lyceum::http
