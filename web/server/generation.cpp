#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "base/async/task_group.hpp"
#include "web/native/live_frames.hpp"
#include "web/openai/errors.hpp"
#include "web/server/outbox.hpp"
#include "web/server/response.hpp"
#include "web/server/streams.hpp"

namespace lyceum::web {
namespace {

namespace beast = boost::beast;
using tcp = net::ip::tcp;

constexpr std::chrono::seconds kWriteTimeout{30};

/// One generation. All on the connection's strand.
class Generation {
 public:
  Generation(ServerState& state, Connection& connection, beast::tcp_stream& stream, bool is_chunked)
      : state_(state),
        stream_(stream),
        is_chunked_(is_chunked),
        outbox_(connection.strand),
        work_(connection.strand),
        watch_(connection.strand),
        sink_(*this) {}

  Task<std::optional<Answer>> run(Generate generate);

 private:
  class Sink final : public EventSink {
   public:
    explicit Sink(Generation& owner) : owner_(owner) {}

    void begin() override { owner_.is_stream_ = true; }

    Task<bool> send(std::string event) override { return owner_.outbox_.push(std::move(event)); }

   private:
    Generation& owner_;
  };

  Task<void> write_answer(Generate& generate);
  Task<void> watch_peer();
  Task<bool> write_events();
  Task<bool> write_piece(std::string_view text);
  Task<bool> write(std::string text);
  void stop();

  ServerState& state_;
  beast::tcp_stream& stream_;
  const bool is_chunked_;
  Outbox outbox_;
  TaskGroup work_;
  TaskGroup watch_;
  Sink sink_;
  bool is_stream_ = false;
  bool has_head_ = false;
  std::optional<Answer> made_{};
};

Task<void> Generation::write_answer(Generate& generate) {
  made_ = co_await generate(sink_);
  outbox_.finish({});
}

void Generation::stop() {
  outbox_.abandon();
  work_.cancel();
}

// Looks without reading: what comes may be the client's next request.
Task<void> Generation::watch_peer() {
  const auto [failed] = co_await stream_.socket().async_wait(tcp::socket::wait_read, as_result);
  beast::error_code ended;
  const bool has_bytes = !failed && stream_.socket().available(ended) > 0;
  if (!has_bytes || ended) stop();
}

Task<bool> Generation::write(std::string text) {
  stream_.expires_after(kWriteTimeout);
  const auto [failed, size] = co_await net::async_write(stream_, net::buffer(text), as_result);
  stream_.expires_never();
  co_return !failed;
}

// The head goes out with the first piece: until then the answer may still be a refusal.
Task<bool> Generation::write_piece(std::string_view text) {
  std::string bytes;
  if (!has_head_) {
    const std::vector<std::pair<std::string, std::string>> headers = {{"X-Accel-Buffering", "no"}};
    bytes = response_head({.content_type = "text/event-stream; charset=utf-8",
                           .cache_control = "no-cache",
                           .headers = &headers,
                           .is_chunked = is_chunked_},
                          state_.parts.clock.now_ms());
    has_head_ = true;
  }
  bytes += is_chunked_ ? chunk(text) : std::string(text);
  co_return co_await write(std::move(bytes));
}

/// False: the client has left.
Task<bool> Generation::write_events() {
  for (;;) {
    const auto taken =
        co_await outbox_.take(std::chrono::steady_clock::now() + state_.options.stream_comment_every);
    if (taken.is_over) co_return true;
    if (!taken.frame && !is_stream_) continue;
    if (!co_await write_piece(taken.frame ? std::string_view(*taken.frame) : kSseComment)) co_return false;
  }
}

Task<std::optional<Answer>> Generation::run(Generate generate) {
  stream_.expires_never();
  work_.spawn("generation.work", write_answer(generate));
  watch_.spawn("generation.peer", watch_peer());
  if (!co_await write_events()) stop();
  co_await work_.join();
  beast::error_code ignored;
  stream_.socket().cancel(ignored);
  co_await watch_.join();
  if (!has_head_) co_return std::move(made_);
  // A failure after the head was sent is the stream's last event.
  if (made_) co_await write_piece("data: " + openai::in_openai_form(*std::move(made_)).body + "\n\n");
  if (is_chunked_) co_await write(std::string(kLastChunk));
  co_return std::nullopt;
}

}  // namespace

Task<std::optional<Answer>> serve_generation(ServerState& state, Connection& connection,
                                             beast::tcp_stream& stream, Generate generate, bool is_chunked) {
  Generation generation(state, connection, stream, is_chunked);
  co_return co_await generation.run(std::move(generate));
}

}  // namespace lyceum::web
