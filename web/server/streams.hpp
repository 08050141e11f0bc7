#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "web/server/admission.hpp"
#include "web/server/connection.hpp"

/// What a connection turns into when it is not request and answer.
namespace lyceum::web {

struct EventStreamRequest {
  std::string run{};
  Query query{};
  std::string last_event_id{};
  bool is_chunked = true;  ///< False for HTTP/1.0.
};

/// Streams a run's events until the run is over, the client leaves or the server drains. Returns an answer
/// instead when there is nothing to stream; then nothing was written.
Task<std::optional<Answer>> serve_event_stream(ServerState& state, Connection& connection,
                                               boost::beast::tcp_stream& stream, EventStreamRequest request);

/// Makes the answer to one request, for `serve_generation`.
using Generate = std::function<Task<std::optional<Answer>>(EventSink& events)>;

/// Runs `generate` and sends its events; when the client leaves, it is cancelled. Returns an answer instead
/// when there were no events: then nothing was written. `is_chunked`: false for HTTP/1.0.
Task<std::optional<Answer>> serve_generation(ServerState& state, Connection& connection,
                                             boost::beast::tcp_stream& stream, Generate generate,
                                             bool is_chunked);

using Handshake = boost::beast::http::request<boost::beast::http::string_body>;

/// Serves one WebSocket until it is closed. Without a credential it is closed at once with 4401.
Task<void> serve_web_socket(ServerState& state, Connection& connection, boost::beast::tcp_stream stream,
                            std::unique_ptr<Handshake> handshake, bool has_credential);

}  // namespace lyceum::web
