#include "web/native/routes.hpp"

#include <array>

#include "web/openai/handlers.hpp"

namespace lyceum::web {
namespace {

constexpr std::array kRoutes = {
    Route{"POST", "/api/session", nullptr, BodyKind::json, RouteKind::session, true},
    Route{"POST", "/api/runs", create_run, BodyKind::json},
    Route{"GET", "/api/runs", list_runs},
    Route{"GET", "/api/runs/{run}", get_run},
    Route{"DELETE", "/api/runs/{run}", delete_run},
    Route{"GET", "/api/runs/{run}/events", list_events},
    Route{"GET", "/api/runs/{run}/stream", nullptr, BodyKind::none, RouteKind::event_stream},
    Route{"GET", "/api/runs/{run}/plan", get_plan},
    Route{"POST", "/api/runs/{run}/commands", command_run, BodyKind::json},
    Route{"POST", "/api/runs/{run}/fork", fork_run, BodyKind::json},
    Route{"GET", "/api/runs/{run}/files", list_files},
    Route{"GET", "/api/runs/{run}/files/{path*}", get_file},
    Route{"GET", "/api/runs/{run}/generations/{generation}", get_generation},
    Route{"GET", "/api/runs/{run}/export", export_run},
    Route{"GET", "/api/holds", list_holds},
    Route{"GET", "/api/ws", nullptr, BodyKind::none, RouteKind::web_socket},
    Route{"GET", "/api/collections", list_collections},
    Route{"POST", "/api/documents", add_document, BodyKind::document},
    Route{"GET", "/api/documents", list_documents},
    Route{"GET", "/api/documents/{document}", get_document},
    Route{"GET", "/api/documents/{document}/text", get_document_text},
    Route{"GET", "/api/documents/{document}/original", get_document_original},
    Route{"DELETE", "/api/documents/{document}", delete_document},
    Route{"GET", "/api/search", search_documents},
    Route{"GET", "/api/tools", list_tools},
    Route{"GET", "/api/model", get_model},
    Route{"GET", "/api/health", get_health, BodyKind::none, RouteKind::answer, true},
    Route{"GET", "/metrics", get_metrics},
    Route{"GET", "/api/openapi.json", get_openapi},
    Route{"GET", "/api/event_catalogue", get_event_catalogue},
    Route{"GET", "/v1/models", openai::list_models},
    Route{"GET", "/v1/models/{model*}", openai::get_model},
    Route{"POST", "/v1/chat/completions", nullptr, BodyKind::json, RouteKind::generation, false,
          openai::create_chat_completion},
    Route{"POST", "/v1/embeddings", openai::create_embeddings, BodyKind::json},
};

using RawParams = std::map<std::string, std::string>;

std::string_view take_segment(std::string_view& rest) {
  const auto slash = rest.find('/');
  const std::string_view segment = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  return segment;
}

bool matches(std::string_view pattern, std::string_view path, RawParams& params) {
  params.clear();
  pattern.remove_prefix(1);
  path.remove_prefix(1);
  while (!pattern.empty() && !path.empty()) {
    const std::string_view expected = take_segment(pattern);
    const bool is_param = expected.starts_with('{');
    if (is_param && expected.ends_with("*}")) {
      params.emplace(expected.substr(1, expected.size() - 3), path);
      return true;
    }
    const std::string_view segment = take_segment(path);
    if (is_param && !segment.empty()) {
      params.emplace(expected.substr(1, expected.size() - 2), segment);
    } else if (expected != segment) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

Result<RouteMatch> find_route(std::string_view method, std::string_view path) {
  RouteMatch match;
  RawParams params;
  if (path.empty() || path.front() != '/' || (path.size() > 1 && path.back() == '/')) return match;
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  for (const Route& route : kRoutes) {
    if (!matches(route.pattern, path, params)) continue;
    match.allowed_methods += (match.allowed_methods.empty() ? "" : ", ") + std::string(route.method);
    if (route.method != wanted) continue;
    for (const auto& [name, raw] : params) {
      TRY(match.params[name], percent_decode(raw));
    }
    match.route = &route;
    return match;
  }
  return match;
}

}  // namespace lyceum::web
