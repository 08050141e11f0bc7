#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "base/async/task_group.hpp"
#include "web/native/live_frames.hpp"
#include "web/server/outbox.hpp"
#include "web/server/response.hpp"
#include "web/server/streams.hpp"

namespace lyceum::web {
namespace {

namespace beast = boost::beast;

constexpr std::chrono::seconds kWriteTimeout{30};
constexpr std::uint64_t kMaxSeq = std::numeric_limits<std::int64_t>::max();

/// The stream's source, which is replaced after a gap.
struct Source {
  std::unique_ptr<planner::Subscription> subscription{};
  bool is_closed = false;

  void close() {
    is_closed = true;
    subscription->close();
  }
};

// The log has everything, so after a gap the stream goes on from there: only ephemeral events are lost.
Task<void> pump_events(planner::RunPort& runs, std::string run, Source& source, Outbox& outbox) {
  while (!source.is_closed) {
    const auto delivery = co_await source.subscription->next();
    if (!delivery || delivery->kind == planner::Delivery::Kind::end) break;
    std::string event = sse_event(run, *delivery);
    if (!event.empty() && !co_await outbox.push(std::move(event))) break;
    if (delivery->kind == planner::Delivery::Kind::gap) {
      auto again = co_await runs.subscribe(run, delivery->seq);
      if (!again) break;
      source.subscription = *std::move(again);
    }
  }
  outbox.finish({});
}

// The client has nothing more to say; its end of the connection is how it leaves.
Task<void> watch_peer(beast::tcp_stream& stream, Outbox& outbox) {
  std::array<char, 256> ignored{};
  for (;;) {
    const auto [failed, size] = co_await stream.async_read_some(net::buffer(ignored), as_result);
    if (failed) break;
  }
  outbox.abandon();
}

Task<bool> write_text(beast::tcp_stream& stream, std::string text) {
  stream.expires_after(kWriteTimeout);
  const auto [failed, size] = co_await net::async_write(stream, net::buffer(text), as_result);
  co_return !failed;
}

Task<void> write_events(beast::tcp_stream& stream, Outbox& outbox, std::chrono::milliseconds comment_every,
                        bool is_chunked) {
  for (;;) {
    const auto taken = co_await outbox.take(std::chrono::steady_clock::now() + comment_every);
    if (taken.is_over) break;
    const std::string_view text = taken.frame ? std::string_view(*taken.frame) : kSseComment;
    if (!co_await write_text(stream, is_chunked ? chunk(text) : std::string(text))) co_return;
  }
  if (is_chunked) co_await write_text(stream, std::string(kLastChunk));
}

std::string stream_head(const ServerState& state, bool is_chunked) {
  const std::vector<std::pair<std::string, std::string>> headers = {{"X-Accel-Buffering", "no"}};
  return response_head({.content_type = "text/event-stream; charset=utf-8",
                        .cache_control = "no-cache",
                        .headers = &headers,
                        .is_chunked = is_chunked},
                       state.parts.clock.now_ms());
}

}  // namespace

Task<std::optional<Answer>> serve_event_stream(ServerState& state, Connection& connection,
                                               beast::tcp_stream& stream, EventStreamRequest request) {
  planner::RunPort& runs = state.parts.runs;
  QueryReader query(request.query);
  const auto after = query.number("after", 0, 0, kMaxSeq);
  if (auto checked = query.finish(); !checked) co_return error_answer(checked.error());
  const auto cursor = stream_cursor(request.run, request.last_event_id, after);
  if (!cursor) co_return error_answer(cursor.error());

  const auto summary = co_await runs.get(request.run);
  if (!summary) co_return error_answer(summary.error());
  // Browsers reconnect to a stream that ended unless told 204.
  const bool is_over =
      summary->value("phase", "") == "terminal" && *cursor >= summary->value("seq", std::uint64_t{0});
  if (is_over) co_return Answer{.status = 204};

  const auto permit = state.limits.acquire(connection.client, ClientLimits::What::subscription);
  if (!permit) co_return error_answer({Errc::overloaded, "too many subscriptions from this address"});
  auto opened = co_await runs.subscribe(request.run, *cursor);
  if (!opened) co_return error_answer(opened.error());
  state.publish_gauges();

  Source source{.subscription = *std::move(opened)};
  Outbox outbox(connection.strand);
  TaskGroup tasks(connection.strand);
  connection.on_drain = [&outbox] { outbox.finish({}); };
  if (connection.is_draining) outbox.finish({});
  stream.expires_never();
  if (co_await write_text(stream, stream_head(state, request.is_chunked))) {
    stream.expires_never();
    tasks.spawn("event_stream.pump", pump_events(runs, request.run, source, outbox));
    tasks.spawn("event_stream.peer", watch_peer(stream, outbox));
    co_await write_events(stream, outbox, state.options.stream_comment_every, request.is_chunked);
  }
  connection.on_drain = nullptr;
  outbox.abandon();
  source.close();
  stream.cancel();
  co_await tasks.join();
  co_return std::nullopt;
}

}  // namespace lyceum::web
