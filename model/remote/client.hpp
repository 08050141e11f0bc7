#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "model/remote.hpp"
#include "model/remote/wire.hpp"

namespace lyceum::model::remote {

/// Waits between two tries; a seam, so that tests need no time.
using Wait = std::function<Task<void>(std::chrono::milliseconds)>;

/// An answer, or why there is none; `status` tells a refusal of the request (4xx) from the rest.
struct Answer {
  Result<Json> json{};
  unsigned status = 0;
};

/// Requests to one server, with retries. `http` must outlive it.
class Client {
 public:
  Client(RemoteModelOptions options, HttpClient& http, Wait wait);

  const RemoteModelOptions& options() const { return options_; }

  Task<Answer> post(std::string path, Json body);

  /// Streams a chat completion. The sink sees every byte of the text once, also when the connection breaks
  /// and the request is repeated: what the server says again is skipped; says it something else, the write
  /// ends as unavailable.
  Task<Result<Written>> stream(Json body, TextSink* sink);

 private:
  HttpRequest request_for(const std::string& path, const Json& body) const;
  /// Waits before the next try. Errors: the failure itself when there is no next.
  Task<Result<void>> prepare_retry(std::uint32_t num_tries, Failure failure);

  RemoteModelOptions options_;
  HttpClient& http_;
  Wait wait_;
};

}  // namespace lyceum::model::remote
