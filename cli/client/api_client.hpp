#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/async/task.hpp"
#include "base/http_client.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace lyceum::cli {

/// Takes a run's events in order, ephemeral ones included; false stops following.
using EventSink = std::function<Task<bool>(Json event)>;

/// A client of the HTTP interface (docs/api.md). An error answer comes back as the Error that the service
/// gave. One io_context; several tasks at a time. `http` must outlive it.
class ApiClient {
 public:
  ApiClient(HttpClient& http, std::string base_url, std::string credential);

  Task<Result<Json>> get(std::string path);
  Task<Result<std::string>> get_text(std::string path);
  Task<Result<Json>> post(std::string path, Json body);
  Task<Result<Json>> post_bytes(std::string path, std::string bytes);
  Task<Result<void>> remove(std::string path);

  /// Follows a run from after event `after` until run.finished has been delivered or `sink` returns false. A
  /// broken connection is taken up again where it broke. Errors: unavailable (the service stayed away), those
  /// of the service.
  Task<Result<void>> follow(std::string run, std::uint64_t after, EventSink sink);

 private:
  struct Progress;
  static Task<bool> take_piece(Progress& progress, std::string piece);
  HttpRequest request(std::string method, const std::string& path) const;
  Task<Result<HttpResponse>> send(HttpRequest request);
  Task<Result<void>> follow_once(const std::string& run, Progress& progress);

  HttpClient& http_;
  std::string base_url_;
  std::string credential_;
};

/// Percent-encodes everything but RFC 3986's unreserved characters.
std::string percent_encoded(std::string_view text);

}  // namespace lyceum::cli
