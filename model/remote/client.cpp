#include "model/remote/client.hpp"

#include "model/remote/sse.hpp"

namespace lyceum::model::remote {
namespace {

constexpr std::size_t kMaxAnswerBytes = 32U << 20U;
constexpr std::size_t kMaxStreamBytes = 256U << 20U;
// A server that asks for a longer pause is down for this purpose.
constexpr std::chrono::seconds kMaxRetryAfter(60);

/// One streamed answer over all its tries.
struct Stream {
  TextSink* sink = nullptr;
  SseParser parser{};
  std::string text{};   ///< Of this try.
  std::string given{};  ///< What the sink has, over all tries.
  bool is_done = false;
  bool has_diverged = false;
  bool has_stopped = false;  ///< The sink wants no more.
  std::string broken{};      ///< Why this try cannot go on; empty while it can.
  std::optional<Usage> usage{};
  std::uint64_t num_deltas = 0;

  void begin_try() {
    parser = SseParser();
    text.clear();
    broken.clear();
    num_deltas = 0;
  }
};

/// Passes on what the sink has not seen. False: stop.
Task<bool> give(Stream& stream) {
  const std::size_t known = std::min(stream.text.size(), stream.given.size());
  if (stream.text.compare(0, known, stream.given, 0, known) != 0) {
    stream.has_diverged = true;
    co_return false;
  }
  if (stream.text.size() <= stream.given.size()) co_return true;
  std::string piece = stream.text.substr(stream.given.size());
  stream.given = stream.text;
  if (stream.sink == nullptr) co_return true;
  stream.has_stopped = !co_await stream.sink->on_text(std::move(piece));
  co_return !stream.has_stopped;
}

Task<bool> consume_event(Stream& stream, std::string data) {
  if (data == "[DONE]") {
    stream.is_done = true;
    co_return false;  // What the server does with the connection now is its own affair.
  }
  const auto chunk = parse_json(data);
  if (!chunk || !chunk->is_object() || chunk->contains("error")) {
    stream.broken =
        chunk ? "the server reported an error in its stream" : "the stream holds a chunk that is not JSON";
    co_return false;
  }
  if (auto usage = usage_of(*chunk)) stream.usage = usage;
  if (is_last(*chunk)) stream.is_done = true;
  const std::string delta = delta_of(*chunk);
  if (delta.empty()) co_return true;
  ++stream.num_deltas;
  stream.text += delta;
  co_return co_await give(stream);
}

Task<bool> consume(Stream& stream, std::string piece) {
  auto events = stream.parser.feed(piece);
  if (!events) {
    stream.broken = events.error().message;
    co_return false;
  }
  for (auto& event : *events) {
    if (!co_await consume_event(stream, std::move(event))) co_return false;
  }
  co_return true;
}

Written finish(Stream stream, const Json& body) {
  Written written;
  written.text = std::move(stream.text);
  // About four bytes a token where the server does not count.
  const Usage estimate{dump_json(body.at("messages")).size() / 4, stream.num_deltas};
  written.usage = stream.usage.value_or(estimate);
  return written;
}

}  // namespace

Client::Client(RemoteModelOptions options, HttpClient& http, Wait wait)
    : options_(std::move(options)), http_(http), wait_(std::move(wait)) {
  while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
}

HttpRequest Client::request_for(const std::string& path, const Json& body) const {
  HttpRequest request{.method = "POST", .url = options_.base_url + path, .body = dump_json(body)};
  request.headers.emplace_back("Content-Type", "application/json");
  if (!options_.api_key.empty()) request.headers.emplace_back("Authorization", "Bearer " + options_.api_key);
  return request;
}

Task<Result<void>> Client::prepare_retry(std::uint32_t num_tries, Failure failure) {
  const bool is_too_long = failure.retry_after && *failure.retry_after > kMaxRetryAfter;
  if (!failure.may_retry || num_tries >= options_.tries_max || is_too_long)
    co_return std::move(failure.error);
  const auto delay = delay_before(num_tries - 1, failure);
  co_await wait_(delay);
  co_return ok();
}

Task<Answer> Client::post(std::string path, Json body) {
  // A redirect would carry the key elsewhere.
  const HttpLimits limits{std::chrono::seconds(options_.timeout_s), kMaxAnswerBytes, 0};
  for (std::uint32_t num_tries = 1;; ++num_tries) {
    HttpRequest request = request_for(path, body);
    const auto response = co_await http_.send(std::move(request), limits);
    Failure failure;
    unsigned status = 0;
    if (!response) {
      failure = {response.error(), response.error().code == Errc::unavailable};
    } else if (status = response->status; status >= 200 && status < 300) {
      auto json = parse_json(response->body);
      if (json) co_return Answer{*std::move(json), status};
      failure = {{Errc::unavailable, "model server: the answer is not JSON: " + json.error().message}, true};
    } else {
      failure = failure_of(*response, options_.api_key);
    }
    if (auto again = co_await prepare_retry(num_tries, std::move(failure)); !again) {
      co_return Answer{std::move(again).error(), status};
    }
  }
}

Task<Result<Written>> Client::stream(Json body, TextSink* sink) {
  const HttpLimits limits{std::chrono::seconds(options_.timeout_s), kMaxStreamBytes, 0};
  Stream stream{.sink = sink};
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  for (std::uint32_t num_tries = 1;; ++num_tries) {
    stream.begin_try();
    const BodySink on_body = [&stream](std::string piece) { return consume(stream, std::move(piece)); };
    HttpRequest request = request_for("/chat/completions", body);
    const auto response = co_await http_.stream(std::move(request), limits, on_body);
    if (stream.has_stopped) co_return Error{Errc::cancelled, "the reader stopped the writing"};
    if (stream.is_done && stream.text.size() < stream.given.size()) stream.has_diverged = true;
    if (stream.has_diverged) {
      co_return Error{Errc::unavailable,
                      "model server: the stream broke and its repetition says something else"};
    }
    Failure failure;
    if (!stream.broken.empty()) {
      failure = {{Errc::unavailable, "model server: " + stream.broken}, true};
    } else if (stream.is_done) {
      co_return finish(std::move(stream), body);
    } else if (!response) {
      failure = {response.error(), response.error().code == Errc::unavailable};
    } else if (response->status >= 200 && response->status < 300) {
      failure = {{Errc::unavailable, "model server: the stream ended in the middle"}, true};
    } else {
      failure = failure_of(*response, options_.api_key);
    }
    CO_TRY_OK(co_await prepare_retry(num_tries, std::move(failure)));
  }
}

}  // namespace lyceum::model::remote
