#include <map>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/ostream.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "base/async/task_group.hpp"
#include "web/native/live_frames.hpp"
#include "web/server/outbox.hpp"
#include "web/server/streams.hpp"

namespace lyceum::web {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

constexpr std::size_t kMaxBadMessages = 16;
constexpr std::size_t kBufferKeptBytes = 16U << 10U;
constexpr std::chrono::seconds kHandshakeTimeout{10};
constexpr auto kNever = std::chrono::steady_clock::time_point::max();
constexpr std::uint16_t kUnauthenticated = 4401;
constexpr std::uint16_t kTooManyBadMessages = websocket::close_code::policy_error;
constexpr std::size_t kReadBytes = 64U << 10U;

/// A subscription and the task that carries its deliveries to the outbox.
struct Feed {
  Feed(std::unique_ptr<planner::Subscription> subscription_in, ClientLimits::Permit permit_in,
       const net::any_io_executor& executor)
      : subscription(std::move(subscription_in)), permit(std::move(permit_in)), ended(executor) {}

  std::unique_ptr<planner::Subscription> subscription;
  ClientLimits::Permit permit;
  bool is_over = false;
  Signal ended;
};

/// One WebSocket: a reader (this task), a writer, and a task for each subscription.
class SocketSession {
 public:
  SocketSession(ServerState& state, Connection& connection, beast::tcp_stream stream)
      : state_(state),
        connection_(connection),
        socket_(std::move(stream)),
        outbox_(connection.strand),
        tasks_(connection.strand) {}

  Task<void> run(std::unique_ptr<Handshake> handshake, bool has_credential);

 private:
  Task<bool> accept(std::unique_ptr<Handshake> handshake);
  Task<void> close(std::uint16_t code);
  Task<void> read_messages();
  Task<void> take_message(const beast::flat_buffer& buffer);
  Task<void> write_frames();
  Task<void> handle(ClientMessage message);
  Task<void> subscribe(std::string run, std::uint64_t after);
  Task<void> unsubscribe(std::string run);
  Task<void> pump_run(std::string run, std::shared_ptr<Feed> feed);
  Task<void> pump_watch();
  Task<void> command(std::string run, Json command);
  Task<void> report(std::string run, Error error);
  Task<void> report_bad_message(Error error);
  void end(std::uint16_t code, std::string last_frame);

  ServerState& state_;
  Connection& connection_;
  websocket::stream<beast::tcp_stream> socket_;
  Outbox outbox_;
  TaskGroup tasks_;
  std::map<std::string, std::shared_ptr<Feed>> feeds_;  // Shared with their tasks.
  std::unique_ptr<planner::Watch> watch_;
  std::size_t num_bad_messages_ = 0;
  std::uint16_t close_code_ = websocket::close_code::normal;
};

Task<bool> SocketSession::accept(std::unique_ptr<Handshake> handshake) {
  beast::get_lowest_layer(socket_).expires_never();  // The WebSocket has deadlines of its own.
  websocket::stream_base::timeout timeout{};
  timeout.handshake_timeout = kHandshakeTimeout;
  timeout.idle_timeout = state_.options.socket_idle_timeout;
  timeout.keep_alive_pings = true;
  socket_.set_option(timeout);
  socket_.read_message_max(
      0);  // `read_messages` counts: Beast would reset the connection, and lose the reason.
  socket_.auto_fragment(false);
  socket_.text(true);
  if (handshake->count(beast::http::field::sec_websocket_protocol) > 0) {
    socket_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
      response.set(beast::http::field::sec_websocket_protocol, "lyceum.v1");
    }));
  }
  const auto [failed] = co_await socket_.async_accept(*handshake, as_result);
  co_return !failed;
}

Task<void> SocketSession::close(std::uint16_t code) {
  const websocket::close_reason reason(code);
  co_await socket_.async_close(reason, as_result);
}

Task<void> SocketSession::run(std::unique_ptr<Handshake> handshake, bool has_credential) {
  connection_.on_sever = [this] { beast::get_lowest_layer(socket_).close(); };
  if (co_await accept(std::move(handshake))) {
    if (has_credential) {
      connection_.on_drain = [this] { end(websocket::close_code::going_away, std::string(kDrainFrame)); };
      if (connection_.is_draining) connection_.on_drain();
      tasks_.spawn("web_socket.write", write_frames());
      co_await read_messages();
    } else {
      co_await close(kUnauthenticated);
    }
  }
  connection_.on_drain = nullptr;
  outbox_.abandon();
  for (const auto& [run, feed] : feeds_) feed->subscription->close();
  if (watch_) watch_->close();
  co_await tasks_.join();
  connection_.on_sever = nullptr;
  state_.publish_gauges();
}

void SocketSession::end(std::uint16_t code, std::string last_frame) {
  close_code_ = code;
  outbox_.finish(std::move(last_frame));
}

// Ends by the close handshake, never by cancellation: a cancelled read leaves the stream unusable. What
// arrives after the end was decided is read and dropped.
Task<void> SocketSession::read_messages() {
  beast::flat_buffer buffer;
  for (;;) {
    const auto [failed, size] = co_await socket_.async_read_some(buffer, kReadBytes, as_result);
    if (failed) break;
    if (!outbox_.is_closed()) {
      if (buffer.size() > kMaxJsonBodyBytes) {
        end(websocket::close_code::too_big,
            error_frame({}, Error{Errc::too_large,
                                  "message: more than " + std::to_string(kMaxJsonBodyBytes) + " bytes"}));
      } else if (!socket_.is_message_done()) {
        continue;
      } else {
        co_await take_message(buffer);
      }
    }
    buffer.clear();
    if (buffer.capacity() > kBufferKeptBytes) buffer.shrink_to_fit();
  }
}

Task<void> SocketSession::take_message(const beast::flat_buffer& buffer) {
  auto message = socket_.got_text()
                     ? parse_client_message({static_cast<const char*>(buffer.data().data()), buffer.size()})
                     : Error{Errc::malformed, "message: expected text"};
  if (message) {
    co_await handle(*std::move(message));
  } else {
    co_await report_bad_message(message.error());
  }
}

Task<void> SocketSession::write_frames() {
  for (;;) {
    const auto taken = co_await outbox_.take(kNever);
    if (!taken.frame) break;
    const auto [failed, size] = co_await socket_.async_write(net::buffer(*taken.frame), as_result);
    if (failed) {
      outbox_.abandon();
      beast::get_lowest_layer(socket_).close();  // Wakes the reader.
      co_return;
    }
  }
  if (socket_.is_open()) co_await close(close_code_);
}

Task<void> SocketSession::handle(ClientMessage message) {
  switch (message.op) {
    case ClientMessage::Op::sub:
      co_await subscribe(std::move(message.run), message.after);
      break;
    case ClientMessage::Op::unsub:
      co_await unsubscribe(std::move(message.run));
      break;
    case ClientMessage::Op::cmd:
      co_await command(std::move(message.run), std::move(message.value));
      break;
    case ClientMessage::Op::watch:
      if (!watch_) {
        watch_ = state_.parts.runs.watch();
        tasks_.spawn("web_socket.watch", pump_watch());
      }
      break;
    case ClientMessage::Op::ping:
      co_await outbox_.push(pong_frame(message.value));
      break;
  }
}

Task<void> SocketSession::report(std::string run, Error error) {
  co_await outbox_.push(error_frame(run, error));
}

Task<void> SocketSession::report_bad_message(Error error) {
  if (++num_bad_messages_ < kMaxBadMessages) {
    co_await report({}, std::move(error));
  } else {
    end(kTooManyBadMessages, error_frame({}, error));
  }
}

Task<void> SocketSession::subscribe(std::string run, std::uint64_t after) {
  co_await unsubscribe(run);
  auto permit = state_.limits.acquire(connection_.client, ClientLimits::What::subscription);
  if (!permit || feeds_.size() >= state_.options.subscriptions_per_socket_max) {
    co_return co_await report(
        run, Error{Errc::overloaded, "too many subscriptions: unsubscribe from another run first"});
  }
  auto opened = co_await state_.parts.runs.subscribe(run, after);
  if (!opened) co_return co_await report(run, opened.error());
  auto feed = std::make_shared<Feed>(*std::move(opened), *std::move(permit), connection_.strand);
  feeds_[run] = feed;
  state_.publish_gauges();
  tasks_.spawn("web_socket.feed", pump_run(run, feed));
}

// Waits for the feed's task, so that nothing of an old subscription follows what comes next.
Task<void> SocketSession::unsubscribe(std::string run) {
  const auto found = feeds_.find(run);
  if (found == feeds_.end()) co_return;
  const auto feed = found->second;
  feed->subscription->close();
  while (!feed->is_over) co_await feed->ended.wait();
}

Task<void> SocketSession::pump_run(std::string run, std::shared_ptr<Feed> feed) {
  bool goes_on = true;
  while (goes_on) {
    const auto delivery = co_await feed->subscription->next();
    if (!delivery) {
      if (delivery.error().code == Errc::data_loss) co_await report(run, delivery.error());
      break;
    }
    std::string frame = socket_frame(run, *delivery);
    const bool is_last =
        delivery->kind == planner::Delivery::Kind::gap || delivery->kind == planner::Delivery::Kind::end;
    goes_on = (frame.empty() || co_await outbox_.push(std::move(frame))) && !is_last;
  }
  feeds_.erase(run);
  feed->is_over = true;
  feed->ended.notify_all();
}

Task<void> SocketSession::pump_watch() {
  for (;;) {
    const auto summary = co_await watch_->next();
    if (!summary || !co_await outbox_.push(watch_frame(*summary))) break;
  }
}

Task<void> SocketSession::command(std::string run, Json command) {
  const Json id = command.value("id", Json());
  auto outcome = co_await state_.parts.runs.command(run, std::move(command), std::string(kAuthor));
  if (const auto* refusal = std::get_if<planner::Refusal>(&outcome)) {
    co_await outbox_.push(nack_frame(run, id, *refusal));
  } else {
    co_await outbox_.push(ack_frame(run, id, std::get<std::uint64_t>(outcome)));
  }
}

}  // namespace

Task<void> serve_web_socket(ServerState& state, Connection& connection, beast::tcp_stream stream,
                            std::unique_ptr<Handshake> handshake, bool has_credential) {
  SocketSession session(state, connection, std::move(stream));
  co_await session.run(std::move(handshake), has_credential);
}

}  // namespace lyceum::web
