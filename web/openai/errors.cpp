#include "web/openai/errors.hpp"

#include <algorithm>

namespace lyceum::web::openai {
namespace {

constexpr std::string_view kBody = "body.";

unsigned openai_status_of(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return 400;
    case Errc::unsupported:
      return 501;
    default:
      return status_of(code);
  }
}

std::string_view type_of(unsigned status) {
  if (status == 401) return "authentication_error";
  if (status == 403) return "permission_error";
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

std::string_view code_of(Errc code) {
  switch (code) {
    case Errc::unauthenticated:
      return "invalid_api_key";
    case Errc::overloaded:
      return "rate_limit_exceeded";
    case Errc::invalid_argument:
      return "invalid_value";
    default:
      return name_of(code);
  }
}

bool is_field_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '[' || c == ']';
}

// Errors name their field first: "messages[0].role: …".
std::string field_of(std::string_view message) {
  const std::string_view field = message.substr(0, message.find(": "));
  const bool is_field =
      field.size() < message.size() && field != "body" && std::ranges::all_of(field, is_field_character);
  return is_field ? std::string(field) : std::string();
}

Answer answer_of(const std::string& message, unsigned status, const std::string& param,
                 std::string_view code) {
  const Json error = {{"message", message},
                      {"type", type_of(status)},
                      {"param", param.empty() ? Json(nullptr) : Json(param)},
                      {"code", code}};
  Answer answer = json_answer({{"error", error}}, status);
  // Their clients repeat every answer of 500 and above; these two would only fail again.
  if (status == 500 || status == 501) answer.headers.emplace_back("x-should-retry", "false");
  if (status == 429 || status == 503) answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

}  // namespace

bool is_openai_path(std::string_view path) {
  return path.starts_with("/v1/");
}

Answer error_answer(Error error, std::string_view code) {
  if (error.message.starts_with(kBody)) error.message.erase(0, kBody.size());
  const std::string param = field_of(error.message);
  // What a field asks for and this model cannot do is the request's mistake, not the service's.
  const bool is_of_request = !param.empty() && error.code == Errc::unsupported;
  const unsigned status = is_of_request ? 400 : openai_status_of(error.code);
  if (code.empty()) code = is_of_request ? "unsupported_value" : code_of(error.code);
  return answer_of(error.message, status, param, code);
}

Answer in_openai_form(Answer answer) {
  if (answer.status < 400) return answer;
  const Json body = Json::parse(answer.body, nullptr, false);
  const Json error = body.is_object() ? body.value("error", Json::object()) : Json::object();
  if (!error.is_object() || error.contains("type")) return answer;
  const Errc code = errc_from_name(error.value("code", ""));
  Answer made = answer_of(error.value("message", ""), answer.status, {}, code_of(code));
  for (auto& header : answer.headers) {
    const auto is_same = [&](const auto& other) { return other.first == header.first; };
    std::erase_if(made.headers, is_same);
    made.headers.push_back(std::move(header));
  }
  return made;
}

}  // namespace lyceum::web::openai
