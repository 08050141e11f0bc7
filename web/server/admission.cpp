#include "web/server/admission.hpp"

#include <algorithm>

#include "web/openai/errors.hpp"

namespace lyceum::web {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

struct HostParts {
  std::string name{};
  std::string port = "80";
};

HostParts split_host(std::string_view host) {
  HostParts parts;
  const auto bracket = host.starts_with('[') ? host.find(']') : std::string_view::npos;
  const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  parts.name = lower(host.substr(0, colon));
  if (colon != std::string_view::npos) parts.port = std::string(host.substr(colon + 1));
  if (bracket != std::string_view::npos && parts.name.size() >= 2) {
    parts.name = parts.name.substr(1, parts.name.size() - 2);
  }
  return parts;
}

Answer not_found(std::string_view path) {
  return error_answer({Errc::not_found, "no such path: " + std::string(path.substr(0, 200))});
}

Answer wrong_method(const std::string& allowed) {
  Answer answer = error_answer({Errc::invalid_argument, "method: this path takes " + allowed});
  answer.status = 405;
  answer.headers.emplace_back("Allow", allowed);
  return answer;
}

std::optional<Error> body_refusal(const ServerState& state, const Route& route, const RequestHead& head) {
  const std::string type = lower(head.content_type.substr(0, head.content_type.find(';')));
  if (route.body == BodyKind::json && type != "application/json") {
    return Error{Errc::unsupported, "content-type: expected application/json"};
  }
  const std::size_t limit = body_bytes_max(state, route);
  if (head.body_bytes > limit || (limit == 0 && head.is_chunked)) {
    return Error{Errc::too_large, "body: the limit of this path is " + std::to_string(limit) + " bytes"};
  }
  return std::nullopt;
}

std::variant<Admitted, Answer> admit_static(const RequestHead& head, const std::string& path) {
  Admitted admitted{.static_file = find_static_file(path)};
  if (admitted.static_file.file == nullptr) return not_found(path);
  if (head.method != "GET" && head.method != "HEAD") return wrong_method("GET, HEAD");
  if (head.body_bytes > 0 || head.is_chunked)
    return error_answer({Errc::too_large, "body: this path takes none"});
  return admitted;
}

}  // namespace

bool is_host_allowed(std::string_view host, std::string_view local_address, std::uint16_t port,
                     const std::vector<std::string>& allowed_hosts) {
  const HostParts parts = split_host(host);
  if (parts.port == std::to_string(port)) {
    const bool is_loopback = local_address.starts_with("127.") || local_address == "::1";
    if (parts.name == local_address || (is_loopback && parts.name == "localhost")) return true;
  }
  return std::ranges::any_of(allowed_hosts, [&](const std::string& allowed) {
    const std::string name = lower(allowed);
    return name == lower(host) || name == parts.name;
  });
}

bool is_origin_allowed(std::string_view origin, std::string_view host) {
  if (origin.empty()) return true;
  const std::string given = lower(origin);
  const std::string expected = lower(host);
  return given == "http://" + expected || given == "https://" + expected;
}

std::size_t body_bytes_max(const ServerState& state, const Route& route) {
  switch (route.body) {
    case BodyKind::none:
      return 0;
    case BodyKind::json:
      return kMaxJsonBodyBytes;
    case BodyKind::document:
      return state.options.document_bytes_max;
  }
  return 0;
}

Answer refusal_of(Credentials::Verdict verdict) {
  if (verdict == Credentials::Verdict::throttled) {
    Answer answer =
        error_answer({Errc::overloaded, "too many wrong tokens from this address: wait a minute"});
    answer.headers.emplace_back("Retry-After", "60");
    return answer;
  }
  Answer answer =
      error_answer({Errc::unauthenticated, verdict == Credentials::Verdict::wrong
                                               ? "the token is wrong"
                                               : "needs the token: open the address that serve printed"});
  answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

std::variant<Admitted, Answer> admit(ServerState& state, const RequestHead& head, const std::string& client,
                                     const std::string& local_address) {
  if (!is_host_allowed(head.host, local_address, state.port, state.options.allowed_hosts)) {
    return error_answer(
        {Errc::forbidden, "host: this service is not known as \"" + head.host.substr(0, 200) + "\""});
  }
  if (!is_origin_allowed(head.origin, head.host)) {
    return error_answer({Errc::forbidden, "origin: requests from other sites are refused"});
  }
  auto target = parse_target(head.target);
  if (!target) return error_answer(target.error());
  const bool is_api =
      target->path.starts_with("/api/") || openai::is_openai_path(target->path) || target->path == "/metrics";
  if (!is_api) return admit_static(head, target->path);

  auto match = find_route(head.method, target->path);
  if (!match) return error_answer(match.error());
  Admitted admitted{
      .route = match->route, .params = std::move(match->params), .query = std::move(target->query)};
  if (admitted.route == nullptr || !admitted.route->is_public) {
    const Credentials::Presented presented{.authorization = head.authorization,
                                           .cookie = head.cookie,
                                           .websocket_protocol = head.websocket_protocol};
    const auto verdict = state.credentials.check(presented, client, state.parts.clock.now_ms());
    const bool closes_later =
        admitted.route != nullptr && admitted.route->kind == RouteKind::web_socket && head.is_upgrade;
    admitted.has_credential = verdict == Credentials::Verdict::granted;
    if (!admitted.has_credential && !closes_later) return refusal_of(verdict);
  }
  if (admitted.route == nullptr) {
    return match->allowed_methods.empty() ? not_found(target->path) : wrong_method(match->allowed_methods);
  }
  if (const auto refused = body_refusal(state, *admitted.route, head)) return error_answer(*refused);
  return admitted;
}

}  // namespace lyceum::web
