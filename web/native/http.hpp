#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "web/native/target.hpp"

/// HTTP as the routes see it, free of sockets.
namespace lyceum::web {

inline constexpr std::size_t kMaxJsonBodyBytes = 1U << 20U;

/// The service has one credential, hence one user.
inline constexpr std::string_view kAuthor = "user:local";

struct Request {
  std::map<std::string, std::string> params{};  ///< Of the route's pattern, decoded.
  Query query{};
  std::string accept{};
  std::string content_type{};
  std::string body{};
  std::string author{kAuthor};
};

struct Answer {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};

/// The one table from errors to HTTP.
unsigned status_of(Errc code);

/// {"code", "message"}.
Json error_json(const Error& error);

/// {"error": …} with its status; `current` is added unless null.
Answer error_answer(const Error& error, const Json& current = nullptr);

Answer json_answer(const Json& body, unsigned status = 200);

/// An attachment that no browser will run: octets, or plain text.
Answer attachment(std::string bytes, std::string content_type, std::string_view file_name);

/// The body as a JSON object. Errors: malformed with the byte position, invalid_argument (not an object).
Result<Json> json_body(const Request& request);

}  // namespace lyceum::web
