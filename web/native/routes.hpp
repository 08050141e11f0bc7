#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/async/blocking_pool.hpp"
#include "base/async/task.hpp"
#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "memory/store.hpp"
#include "model/language_model.hpp"
#include "planner/run_port.hpp"
#include "tools/registry.hpp"
#include "web/native/http.hpp"

namespace lyceum::web {

/// What the routes translate requests to.
struct Services {
  planner::RunPort& runs;
  memory::Store& store;
  const tools::Registry& tools;
  model::LanguageModel& model;
  const Metrics& metrics;
  const Clock& clock;
  BlockingPool& pool;
  std::string version{};
  std::int64_t started_ms = 0;
};

/// `services` outlives the task.
using Handler = Task<Result<Answer>> (*)(const Services& services, Request request);

/// Where an answer goes that comes piece by piece, as server-sent events.
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual ~EventSink() = default;

  /// The answer will be events: while none comes, comments keep the connection open.
  virtual void begin() = 0;
  /// Waits for a slow client. False: it has left.
  virtual Task<bool> send(std::string event) = 0;
};

/// Writes the answer to `events`, or returns it where it is not a stream or has failed. Cancelled when the
/// client leaves.
using GenerationHandler = Task<std::optional<Answer>> (*)(const Services& services, Request request,
                                                          EventSink& events);

enum class RouteKind {
  answer,        ///< `handler` makes one answer.
  generation,    ///< `generation_handler` takes long, and ends with its client.
  session,       ///< Trades the token for the cookie; needs the connection.
  event_stream,  ///< Server-sent events of a run.
  web_socket,
};

enum class BodyKind { none, json, document };

struct Route {
  std::string_view method{};
  /// "/api/runs/{run}/files/{path*}": {name} is one segment, {name*} the rest of the path.
  std::string_view pattern{};
  Handler handler = nullptr;
  BodyKind body = BodyKind::none;
  RouteKind kind = RouteKind::answer;
  bool is_public = false;  ///< Needs no credential.
  GenerationHandler generation_handler = nullptr;
};

/// Every route of the API. openapi.json describes the same ones; a test compares.
std::span<const Route> routes();

struct RouteMatch {
  const Route* route = nullptr;  ///< Null: no such path, or not with this method.
  std::map<std::string, std::string> params{};
  std::string allowed_methods{};  ///< Of this path, for 405; empty: no such path.
};

/// Errors: malformed (a parameter that does not decode). HEAD matches as GET.
Result<RouteMatch> find_route(std::string_view method, std::string_view path);

// Handlers, by subject.
Task<Result<Answer>> create_run(const Services& services, Request request);
Task<Result<Answer>> list_runs(const Services& services, Request request);
Task<Result<Answer>> get_run(const Services& services, Request request);
Task<Result<Answer>> delete_run(const Services& services, Request request);
Task<Result<Answer>> list_events(const Services& services, Request request);
Task<Result<Answer>> get_plan(const Services& services, Request request);
Task<Result<Answer>> command_run(const Services& services, Request request);
Task<Result<Answer>> fork_run(const Services& services, Request request);
Task<Result<Answer>> list_files(const Services& services, Request request);
Task<Result<Answer>> get_file(const Services& services, Request request);
Task<Result<Answer>> get_generation(const Services& services, Request request);
Task<Result<Answer>> export_run(const Services& services, Request request);
Task<Result<Answer>> list_holds(const Services& services, Request request);

Task<Result<Answer>> list_collections(const Services& services, Request request);
Task<Result<Answer>> add_document(const Services& services, Request request);
Task<Result<Answer>> list_documents(const Services& services, Request request);
Task<Result<Answer>> get_document(const Services& services, Request request);
Task<Result<Answer>> get_document_text(const Services& services, Request request);
Task<Result<Answer>> get_document_original(const Services& services, Request request);
Task<Result<Answer>> delete_document(const Services& services, Request request);
Task<Result<Answer>> search_documents(const Services& services, Request request);

Task<Result<Answer>> list_tools(const Services& services, Request request);
Task<Result<Answer>> get_model(const Services& services, Request request);
Task<Result<Answer>> get_health(const Services& services, Request request);
Task<Result<Answer>> get_metrics(const Services& services, Request request);
Task<Result<Answer>> get_openapi(const Services& services, Request request);
Task<Result<Answer>> get_event_catalogue(const Services& services, Request request);

}  // namespace lyceum::web
