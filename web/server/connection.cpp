#include "web/server/connection.hpp"

#include <array>

#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"
#include "web/openai/errors.hpp"
#include "web/server/response.hpp"
#include "web/server/streams.hpp"

namespace lyceum::web {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using Parser = http::request_parser<http::string_body>;

constexpr std::size_t kMaxHeaderBytes = 16U << 10U;
constexpr std::size_t kBufferBytesMax = 64U << 10U;
constexpr std::uint64_t kSlowestBytesPerSecond = 64U << 10U;  // Slower senders and readers are cut.
constexpr std::size_t kLingerBytesMax = 4U << 20U;
constexpr std::chrono::seconds kLingerTimeout{2};

std::string text_of(const http::fields& fields, http::field name) {
  const auto value = fields[name];
  return {value.data(), value.size()};
}

RequestHead head_of(const Parser& parser) {
  const auto& message = parser.get();
  RequestHead head;
  head.method = std::string(message.method_string());
  head.target = std::string(message.target());
  head.host = text_of(message, http::field::host);
  head.origin = text_of(message, http::field::origin);
  head.authorization = text_of(message, http::field::authorization);
  head.cookie = text_of(message, http::field::cookie);
  head.websocket_protocol = text_of(message, http::field::sec_websocket_protocol);
  head.content_type = text_of(message, http::field::content_type);
  head.accept = text_of(message, http::field::accept);
  head.accept_encoding = text_of(message, http::field::accept_encoding);
  head.if_none_match = text_of(message, http::field::if_none_match);
  head.last_event_id = std::string(message["Last-Event-ID"]);
  const auto announced = parser.content_length();
  head.body_bytes = announced ? *announced : 0;
  head.is_chunked = parser.chunked();
  head.is_upgrade = beast::websocket::is_upgrade(message);
  head.expects_continue = beast::iequals(message[http::field::expect], "100-continue");
  return head;
}

/// One HTTP client: requests one after another, until one of them turns the connection into something else.
class HttpSession {
 public:
  HttpSession(ServerState& state, Connection& connection, net::ip::tcp::socket socket)
      : state_(state), connection_(connection), stream_(std::move(socket)), buffer_(kBufferBytesMax) {}

  Task<void> run();

 private:
  enum class Next { request, close, web_socket };

  Task<Next> serve_request();
  Task<Next> refuse_header(beast::error_code failed);
  Task<Next> serve_admitted(Parser& parser, const RequestHead& head, Admitted& admitted);
  Task<Next> serve_route(Parser& parser, const RequestHead& head, Admitted& admitted);
  Task<Next> serve_static(const RequestHead& head, const StaticFile& file);
  Task<Next> start_stream(const RequestHead& head, Admitted& admitted, bool is_chunked);
  Task<Next> start_generation(const Route& route, Request request, bool is_chunked);
  Task<Next> start_web_socket(Parser& parser, const Admitted& admitted);
  Task<std::optional<Answer>> read_body(Parser& parser, const RequestHead& head, const Route& route);
  Task<Answer> dispatch(const Route& route, Request request);
  Task<std::optional<Answer>> generate(const Route& route, Request request, EventSink& events);
  Answer failure(const Route& route, const std::string& what);
  Answer open_session(const std::string& body);
  Task<bool> write(std::string head, std::string_view body);
  Task<Next> answer(const Answer& made);
  Task<void> linger();
  void record(std::chrono::steady_clock::time_point started, const RequestHead& head);

  ServerState& state_;
  Connection& connection_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::unique_ptr<Handshake> handshake_;
  bool has_credential_ = true;

  // Of the request under way.
  bool keeps_alive_ = false;
  bool is_head_request_ = false;
  bool is_openai_ = false;
  unsigned status_ = 0;
  std::string_view route_name_{};
  std::size_t sent_bytes_ = 0;
};

Task<void> HttpSession::run() {
  connection_.on_sever = [this] { stream_.close(); };
  Next next = Next::request;
  const auto permit = state_.limits.acquire(connection_.client, ClientLimits::What::connection);
  if (!permit)
    next = co_await answer(error_answer({Errc::overloaded, "too many connections from this address"}));
  while (next == Next::request && !connection_.is_draining) next = co_await serve_request();
  connection_.on_sever = nullptr;
  if (next == Next::web_socket) {
    buffer_.shrink_to_fit();
    co_await serve_web_socket(state_, connection_, std::move(stream_), std::move(handshake_),
                              has_credential_);
  } else {
    co_await linger();
  }
}

Task<HttpSession::Next> HttpSession::serve_request() {
  Parser parser;
  parser.header_limit(kMaxHeaderBytes);
  parser.body_limit(boost::none);  // Set when the route is known.
  keeps_alive_ = false;
  // One deadline from silence to the end of the header: idle clients and slow senders are cut alike.
  stream_.expires_after(state_.options.request_timeout);
  connection_.on_drain = [this] { stream_.cancel(); };
  const auto [failed, size] = co_await http::async_read_header(stream_, buffer_, parser, as_result);
  connection_.on_drain = nullptr;
  if (failed) co_return co_await refuse_header(failed);

  const auto started = std::chrono::steady_clock::now();
  const RequestHead head = head_of(parser);
  is_head_request_ = head.method == "HEAD";
  is_openai_ = openai::is_openai_path(head.target);
  keeps_alive_ = parser.is_done() && parser.keep_alive() && !connection_.is_draining;
  route_name_ = "refused";
  sent_bytes_ = 0;
  auto admitted = admit(state_, head, connection_.client, connection_.local_address);
  const auto* refusal = std::get_if<Answer>(&admitted);
  const Next next = refusal != nullptr ? co_await answer(*refusal)
                                       : co_await serve_admitted(parser, head, std::get<Admitted>(admitted));
  record(started, head);
  co_return next;
}

Task<HttpSession::Next> HttpSession::refuse_header(beast::error_code failed) {
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow) {
    Answer refusal = error_answer(
        {Errc::too_large, "headers: the limit is " + std::to_string(kMaxHeaderBytes) + " bytes"});
    refusal.status = 431;
    co_return co_await answer(refusal);
  }
  const bool is_unreadable = failed.category() == http::make_error_code(http::error::bad_method).category() &&
                             failed != http::error::end_of_stream && failed != http::error::partial_message;
  if (is_unreadable)
    co_return co_await answer(error_answer({Errc::malformed, "not HTTP: " + failed.message()}));
  co_return Next::close;
}

Task<HttpSession::Next> HttpSession::serve_admitted(Parser& parser, const RequestHead& head,
                                                    Admitted& admitted) {
  if (admitted.static_file.file != nullptr) {
    route_name_ = "static";
    co_return co_await serve_static(head, admitted.static_file);
  }
  route_name_ = admitted.route->pattern;
  switch (admitted.route->kind) {
    case RouteKind::web_socket:
      co_return co_await start_web_socket(parser, admitted);
    case RouteKind::event_stream:
      co_return co_await start_stream(head, admitted, parser.get().version() >= 11);
    case RouteKind::answer:
    case RouteKind::generation:
    case RouteKind::session:
      co_return co_await serve_route(parser, head, admitted);
  }
  co_return Next::close;
}

Task<HttpSession::Next> HttpSession::serve_static(const RequestHead& head, const StaticFile& found) {
  const bool is_packed = head.accept_encoding.find("gzip") != std::string::npos &&
                         !found.file->gzip.empty() && found.file->gzip.size() < found.file->bytes.size();
  const std::string etag = "\"" + std::string(found.file->hash) + (is_packed ? "-gz\"" : "\"");
  std::vector<std::pair<std::string, std::string>> headers = {{"ETag", etag}, {"Vary", "Accept-Encoding"}};
  const bool is_unchanged = head.if_none_match.find(etag) != std::string::npos;
  if (is_packed && !is_unchanged) headers.emplace_back("Content-Encoding", "gzip");
  const std::string_view bytes = is_packed ? found.file->gzip : found.file->bytes;
  ResponseHead response{.status = is_unchanged ? 304U : 200U,
                        .content_type = is_unchanged ? std::string_view() : found.content_type,
                        .cache_control = found.cache_control,
                        .headers = &headers,
                        .keeps_alive = keeps_alive_};
  if (!is_unchanged) response.size_bytes = bytes.size();
  status_ = response.status;
  const std::string_view body = is_unchanged || is_head_request_ ? std::string_view() : bytes;
  const bool is_written = co_await write(response_head(response, state_.parts.clock.now_ms()), body);
  co_return is_written&& keeps_alive_ ? Next::request : Next::close;
}

Task<HttpSession::Next> HttpSession::serve_route(Parser& parser, const RequestHead& head,
                                                 Admitted& admitted) {
  const Route& route = *admitted.route;
  const bool is_upload = route.body == BodyKind::document;
  const auto request_permit = state_.limits.acquire(connection_.client, ClientLimits::What::request);
  // An upload is held in memory, whoever sends it: all clients share one limit.
  const auto upload_permit = is_upload ? state_.limits.acquire({}, ClientLimits::What::upload) : std::nullopt;
  if (!request_permit || (is_upload && !upload_permit)) {
    co_return co_await answer(
        error_answer({Errc::overloaded, is_upload ? "too many uploads at once: try again when one has ended"
                                                  : "too many requests under way from this address"}));
  }
  if (auto refused = co_await read_body(parser, head, route)) co_return co_await answer(*refused);
  keeps_alive_ = parser.keep_alive() && !connection_.is_draining;

  Request request{.params = std::move(admitted.params),
                  .query = std::move(admitted.query),
                  .accept = head.accept,
                  .content_type = head.content_type,
                  .body = std::move(parser.get().body())};
  if (route.kind == RouteKind::generation)
    co_return co_await start_generation(route, std::move(request), parser.get().version() >= 11);
  const Answer made = route.kind == RouteKind::session ? open_session(request.body)
                                                       : co_await dispatch(route, std::move(request));
  co_return co_await answer(made);
}

Task<std::optional<Answer>> HttpSession::read_body(Parser& parser, const RequestHead& head,
                                                   const Route& route) {
  if (parser.is_done()) co_return std::nullopt;
  const std::size_t limit = body_bytes_max(state_, route);
  parser.body_limit(limit);
  if (head.expects_continue) co_await write("HTTP/1.1 100 Continue\r\n\r\n", {});
  const std::uint64_t expected_bytes = head.is_chunked ? limit : head.body_bytes;
  stream_.expires_after(state_.options.request_timeout +
                        std::chrono::seconds(expected_bytes / kSlowestBytesPerSecond));
  const auto [failed, size] = co_await http::async_read(stream_, buffer_, parser, as_result);
  if (!failed) co_return std::nullopt;
  keeps_alive_ = false;
  if (failed == http::error::body_limit) {
    co_return error_answer(
        {Errc::too_large, "body: the limit of this path is " + std::to_string(limit) + " bytes"});
  }
  co_return error_answer({Errc::malformed, "body: " + failed.message()});
}

Task<Answer> HttpSession::dispatch(const Route& route, Request request) {
  std::string what;
  try {
    auto made = co_await route.handler(state_.services, std::move(request));
    if (made) co_return *std::move(made);
    if (made.error().code != Errc::internal) co_return error_answer(made.error());
    what = made.error().message;
  } catch (const std::exception& error) {
    what = error.what();
  }
  co_return failure(route, what);
}

Task<std::optional<Answer>> HttpSession::generate(const Route& route, Request request, EventSink& events) {
  std::string what;
  try {
    co_return co_await route.generation_handler(state_.services, std::move(request), events);
  } catch (const boost::system::system_error& error) {
    if (error.code() == net::error::operation_aborted) co_return std::nullopt;  // The client has left.
    what = error.what();
  } catch (const std::exception& error) {
    what = error.what();
  }
  co_return failure(route, what);
}

// What went wrong inside is for the log; the client gets the name to find it by.
Answer HttpSession::failure(const Route& route, const std::string& what) {
  const std::string id = state_.next_failure_id();
  log_error("request.failed",
            {{"id", id}, {"method", route.method}, {"route", route.pattern}, {"error", what}});
  return error_answer(
      {Errc::internal, "internal error " + id + ": the service's log says more under this id"});
}

Answer HttpSession::open_session(const std::string& body) {
  const auto parsed = parse_json(body);
  if (!parsed) return error_answer(parsed.error());
  FieldReader fields(*parsed, "body");
  const std::string token = fields.required_string("token", 1024);
  if (auto checked = fields.finish(); !checked) return error_answer(checked.error());
  const auto verdict = state_.credentials.check_token(token, connection_.client, state_.parts.clock.now_ms());
  if (verdict != Credentials::Verdict::granted) return refusal_of(verdict);
  Answer granted{.status = 204};
  granted.headers.emplace_back("Set-Cookie", state_.credentials.set_cookie());
  return granted;
}

Task<HttpSession::Next> HttpSession::start_stream(const RequestHead& head, Admitted& admitted,
                                                  bool is_chunked) {
  status_ = 200;
  EventStreamRequest request{.run = admitted.params.at("run"),
                             .query = std::move(admitted.query),
                             .last_event_id = head.last_event_id,
                             .is_chunked = is_chunked};
  const auto refused = co_await serve_event_stream(state_, connection_, stream_, std::move(request));
  state_.publish_gauges();
  if (refused) co_return co_await answer(*refused);
  co_return Next::close;
}

Task<HttpSession::Next> HttpSession::start_generation(const Route& route, Request request, bool is_chunked) {
  status_ = 200;
  const auto made = co_await serve_generation(
      state_, connection_, stream_,
      [&](EventSink& events) { return generate(route, std::move(request), events); }, is_chunked);
  if (made) co_return co_await answer(*made);
  co_return Next::close;
}

Task<HttpSession::Next> HttpSession::start_web_socket(Parser& parser, const Admitted& admitted) {
  if (!beast::websocket::is_upgrade(parser.get())) {
    Answer refusal = error_answer({Errc::invalid_argument, "this path takes a WebSocket handshake"});
    refusal.status = 426;
    refusal.headers.emplace_back("Upgrade", "websocket");
    co_return co_await answer(refusal);
  }
  status_ = 101;
  has_credential_ = admitted.has_credential;
  handshake_ = std::make_unique<Handshake>(parser.release());
  co_return Next::web_socket;
}

Task<HttpSession::Next> HttpSession::answer(const Answer& made) {
  const Answer answer = is_openai_ ? openai::in_openai_form(made) : made;
  const bool has_body = answer.status != 204;
  ResponseHead head{.status = answer.status,
                    .content_type = has_body ? std::string_view(answer.content_type) : std::string_view(),
                    .headers = &answer.headers,
                    .keeps_alive = keeps_alive_};
  if (has_body) head.size_bytes = answer.body.size();
  status_ = answer.status;
  const std::string_view body = is_head_request_ ? std::string_view() : std::string_view(answer.body);
  const bool is_written = co_await write(response_head(head, state_.parts.clock.now_ms()), body);
  co_return is_written&& keeps_alive_ ? Next::request : Next::close;
}

Task<bool> HttpSession::write(std::string head, std::string_view body) {
  const std::array<net::const_buffer, 2> buffers = {net::buffer(head), net::buffer(body.data(), body.size())};
  stream_.expires_after(state_.options.request_timeout +
                        std::chrono::seconds(body.size() / kSlowestBytesPerSecond));
  const auto [failed, size] = co_await net::async_write(stream_, buffers, as_result);
  sent_bytes_ += size;
  co_return !failed;
}

// Closing with bytes unread resets the connection, and the client may lose the answer: read on a little.
Task<void> HttpSession::linger() {
  beast::error_code ignored;
  stream_.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
  if (ignored) co_return;
  stream_.expires_after(kLingerTimeout);
  connection_.on_drain = [this] { stream_.cancel(); };
  if (connection_.is_draining) stream_.expires_after(std::chrono::milliseconds(200));
  std::array<char, 4096> discarded{};
  for (std::size_t total = 0; total < kLingerBytesMax;) {
    const auto [failed, size] = co_await stream_.async_read_some(net::buffer(discarded), as_result);
    if (failed) break;
    total += size;
  }
  connection_.on_drain = nullptr;
}

void HttpSession::record(std::chrono::steady_clock::time_point started, const RequestHead& head) {
  static const std::vector<double> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                              0.25,  0.5,    1,     2.5,  5,     10};
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  const std::string route(route_name_);
  Metrics& metrics = state_.parts.metrics;
  metrics.add("lyceum_http_requests_total", "HTTP requests by route and status", 1,
              {{"route", route}, {"status", std::to_string(status_)}});
  metrics.observe("lyceum_http_request_seconds", "Time from a request's header to the end of its answer",
                  kBounds, took.count(), {{"route", route}});
  metrics.add("lyceum_http_sent_bytes_total", "Bytes of HTTP answers", static_cast<double>(sent_bytes_));
  if (!is_logged(LogLevel::debug)) return;
  log(LogLevel::debug, "request.answered",
      {{"method", head.method},
       {"route", route},
       {"status", status_},
       {"took_ms", took.count() * 1000},
       {"sent_bytes", sent_bytes_},
       {"client", connection_.client}});
}

}  // namespace

Task<void> serve_connection(ServerState& state, Connection& connection, net::ip::tcp::socket socket) {
  boost::system::error_code ignored;
  socket.set_option(net::ip::tcp::no_delay(true), ignored);
  HttpSession session(state, connection, std::move(socket));
  co_await session.run();
}

}  // namespace lyceum::web
