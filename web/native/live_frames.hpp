#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "planner/run_port.hpp"

/// What goes over event streams and WebSockets, as text. Pure.
namespace lyceum::web {

inline constexpr std::size_t kMaxRunIdBytes = 128;

/// One server-sent event with a bare "\n\n" at its end: some clients split on exactly that. Empty for `live`
/// and `end`, which a stream does not say.
std::string sse_event(const std::string& run, const planner::Delivery& delivery);

inline constexpr std::string_view kSseComment = ":\n\n";

/// Where a stream begins: Last-Event-ID "<run>.<seq>" wins over the `after` parameter. Errors:
/// invalid_argument.
Result<std::uint64_t> stream_cursor(const std::string& run, const std::string& last_event_id,
                                    std::uint64_t after);

/// A WebSocket frame for a delivery. Empty for `end`.
std::string socket_frame(const std::string& run, const planner::Delivery& delivery);

std::string watch_frame(const std::string& run_summary);
std::string ack_frame(const std::string& run, const Json& id, std::uint64_t seq);
std::string nack_frame(const std::string& run, const Json& id, const planner::Refusal& refusal);
/// `run` is left out when empty.
std::string error_frame(const std::string& run, const Error& error);
std::string pong_frame(const Json& n);
inline constexpr std::string_view kDrainFrame = R"({"op":"drain"})";

/// What a client may say on a WebSocket.
struct ClientMessage {
  enum class Op { sub, unsub, cmd, watch, ping };
  Op op = Op::ping;
  std::string run{};
  std::uint64_t after = 0;
  Json value = nullptr;  ///< The command, or the ping's n.
};

/// Errors: malformed with the byte position, invalid_argument naming the field.
Result<ClientMessage> parse_client_message(std::string_view text);

}  // namespace lyceum::web
