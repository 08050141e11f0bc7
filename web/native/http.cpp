#include "web/native/http.hpp"

namespace lyceum::web {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
}

// RFC 6266: an ASCII fallback and the true name (RFC 8187).
std::string content_disposition(std::string_view file_name) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string fallback;
  std::string encoded;
  for (const char c : file_name) {
    if (is_plain(c)) {
      fallback += c;
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    fallback += '_';
    encoded += '%';
    encoded += kDigits[byte >> 4U];
    encoded += kDigits[byte & 15U];
  }
  return "attachment; filename=\"" + fallback + "\"; filename*=UTF-8''" + encoded;
}

}  // namespace

unsigned status_of(Errc code) {
  switch (code) {
    case Errc::malformed:
      return 400;
    case Errc::unauthenticated:
      return 401;
    case Errc::forbidden:
      return 403;
    case Errc::not_found:
      return 404;
    case Errc::conflict:
    case Errc::precondition:
      return 409;
    case Errc::too_large:
      return 413;
    case Errc::unsupported:
      return 415;
    case Errc::invalid_argument:
      return 422;
    case Errc::overloaded:
      return 429;
    case Errc::cancelled:
    case Errc::shutting_down:
    case Errc::unavailable:
      return 503;
    case Errc::deadline_exceeded:
      return 504;
    case Errc::data_loss:
    case Errc::io:
    case Errc::internal:
      return 500;
  }
  return 500;
}

Json error_json(const Error& error) {
  return {{"code", name_of(error.code)}, {"message", error.message}};
}

Answer error_answer(const Error& error, const Json& current) {
  Json body = {{"error", error_json(error)}};
  if (!current.is_null()) body["error"]["current"] = current;
  return json_answer(body, status_of(error.code));
}

Answer json_answer(const Json& body, unsigned status) {
  return {.status = status, .body = dump_json(body)};
}

Answer attachment(std::string bytes, std::string content_type, std::string_view file_name) {
  const auto slash = file_name.find_last_of("/\\");
  if (slash != std::string_view::npos) file_name.remove_prefix(slash + 1);
  Answer answer{.content_type = std::move(content_type), .body = std::move(bytes)};
  answer.headers.emplace_back("Content-Disposition",
                              content_disposition(file_name.empty() ? "file" : file_name));
  return answer;
}

Result<Json> json_body(const Request& request) {
  TRY(Json body, parse_json(request.body));
  if (!body.is_object()) {
    return Error{Errc::invalid_argument,
                 std::string("body: expected a JSON object, got ") + body.type_name()};
  }
  return body;
}

}  // namespace lyceum::web
