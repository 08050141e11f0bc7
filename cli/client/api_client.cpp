#include "cli/client/api_client.hpp"

#include <chrono>

#include <boost/asio/steady_timer.hpp>

#include "cli/client/sse.hpp"

namespace lyceum::cli {
namespace {

constexpr std::uint32_t kMaxReconnects = 40;  ///< In a row without an event in between.
constexpr std::chrono::milliseconds kReconnectWait{250};
/// The service writes a comment every 15 s, so a longer silence means that it is gone.
constexpr HttpLimits kStreamLimits{.timeout = std::chrono::seconds(60), .body_bytes_max = SIZE_MAX};
constexpr HttpLimits kRequestLimits{.timeout = std::chrono::minutes(10), .body_bytes_max = 512U << 20U};

/// The Error in an error answer.
Error error_of(const HttpResponse& response) {
  const auto body = parse_json(response.body);
  Error error{Errc::internal, "the service answered with status " + std::to_string(response.status)};
  if (!body || !body->is_object() || !body->contains("error") || !(*body)["error"].is_object()) return error;
  const Json& described = (*body)["error"];
  error.code = errc_from_name(described.value("code", std::string()));
  error.message = described.value("message", error.message);
  return error;
}

bool is_success(const HttpResponse& response) {
  return response.status >= 200 && response.status < 300;
}

bool is_worth_another_try(const Error& error) {
  return error.code == Errc::unavailable || error.code == Errc::shutting_down ||
         error.code == Errc::deadline_exceeded || error.code == Errc::overloaded;
}

Task<void> wait_a_little() {
  net::steady_timer timer(co_await net::this_coro::executor, kReconnectWait);
  co_await timer.async_wait(as_result);
}

Result<Json> body_as_json(const Result<HttpResponse>& response) {
  if (!response) return response.error();
  if (response->body.empty()) return Json::object();
  return parse_json(response->body);
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4U];
      encoded += kDigits[byte & 15U];
    }
  }
  return encoded;
}

ApiClient::ApiClient(HttpClient& http, std::string base_url, std::string credential)
    : http_(http), base_url_(std::move(base_url)), credential_(std::move(credential)) {}

HttpRequest ApiClient::request(std::string method, const std::string& path) const {
  HttpRequest request;
  request.method = std::move(method);
  request.url = base_url_ + path;
  request.headers.emplace_back("Authorization", "Bearer " + credential_);
  return request;
}

Task<Result<HttpResponse>> ApiClient::send(HttpRequest request) {
  CO_TRY(HttpResponse response, co_await http_.send(std::move(request), kRequestLimits));
  if (!is_success(response)) co_return error_of(response);
  co_return response;
}

Task<Result<Json>> ApiClient::get(std::string path) {
  co_return body_as_json(co_await send(request("GET", path)));
}

Task<Result<std::string>> ApiClient::get_text(std::string path) {
  CO_TRY(HttpResponse response, co_await send(request("GET", path)));
  co_return std::move(response.body);
}

Task<Result<Json>> ApiClient::post(std::string path, Json body) {
  HttpRequest posted = request("POST", path);
  posted.headers.emplace_back("Content-Type", "application/json");
  posted.body = dump_json(body);
  co_return body_as_json(co_await send(std::move(posted)));
}

Task<Result<Json>> ApiClient::post_bytes(std::string path, std::string bytes) {
  HttpRequest posted = request("POST", path);
  posted.headers.emplace_back("Content-Type", "application/octet-stream");
  posted.body = std::move(bytes);
  co_return body_as_json(co_await send(std::move(posted)));
}

Task<Result<void>> ApiClient::remove(std::string path) {
  CO_TRY(HttpResponse response, co_await send(request("DELETE", path)));
  co_return ok();
}

struct ApiClient::Progress {
  std::uint64_t seq = 0;
  SseParser parser{};            ///< Of the present connection.
  std::uint32_t num_events = 0;  ///< Of the present connection.
  bool is_over = false;
  EventSink sink{};
};

Task<bool> ApiClient::take_piece(Progress& progress, std::string piece) {
  for (const SseEvent& received : progress.parser.feed(piece)) {
    auto event = parse_json(received.data);
    if (!event || !event->is_object()) continue;
    if (!event->value("ephemeral", false)) progress.seq = event->value("seq", progress.seq);
    ++progress.num_events;
    const bool is_last = event->value("type", std::string()) == "run.finished";
    const bool goes_on = co_await progress.sink(*std::move(event));
    if (is_last || !goes_on) {
      progress.is_over = true;
      co_return false;
    }
  }
  co_return !progress.parser.is_too_large();
}

Task<Result<void>> ApiClient::follow_once(const std::string& run, Progress& progress) {
  progress.parser = {};
  progress.num_events = 0;
  const BodySink sink = [&progress](std::string piece) { return take_piece(progress, std::move(piece)); };
  HttpRequest streamed = request("GET", "/api/runs/" + run + "/stream?after=" + std::to_string(progress.seq));
  const auto response = co_await http_.stream(std::move(streamed), kStreamLimits, sink);
  if (progress.is_over) co_return ok();
  if (progress.parser.is_too_large())
    co_return Error{Errc::too_large, "an event of run " + run + " is too large"};
  if (!response) co_return response.error();
  if (!is_success(*response)) co_return error_of(*response);
  co_return Error{Errc::unavailable, "the stream of run " + run + " ended early"};
}

Task<Result<void>> ApiClient::follow(std::string run, std::uint64_t after, EventSink sink) {
  Progress progress;
  progress.seq = after;
  progress.sink = std::move(sink);
  std::uint32_t num_idle_tries = 0;
  while (true) {
    auto outcome = co_await follow_once(run, progress);
    if (outcome || !is_worth_another_try(outcome.error())) co_return outcome;
    num_idle_tries = progress.num_events > 0 ? 0 : num_idle_tries + 1;
    if (num_idle_tries > kMaxReconnects) co_return outcome;
    co_await wait_a_little();
  }
}

}  // namespace lyceum::cli
