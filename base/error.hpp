#pragma once

#include <string>
#include <string_view>

namespace lyceum {

/// What went wrong, in terms of what the caller can do about it. One table in web maps these to HTTP.
enum class Errc {
  invalid_argument,   ///< The request is wrong; the message names the field. Do not retry.
  malformed,          ///< Bytes that do not parse; the message says where.
  not_found,          ///< No such object.
  conflict,           ///< The state has moved on; read it again, then decide.
  precondition,       ///< The object is in a state that does not permit this.
  unauthenticated,    ///< No or wrong credential.
  forbidden,          ///< Refused by policy (egress, origin, plan).
  too_large,          ///< Over a documented limit.
  overloaded,         ///< A queue or a limit is full; retry later.
  deadline_exceeded,  ///< Ran past its deadline.
  cancelled,          ///< Stopped on request. Never logged as an error.
  shutting_down,      ///< The service is draining. Never logged as an error.
  unavailable,        ///< A peer or a device is down; retry with back-off.
  unsupported,        ///< This provider or format cannot do it; the message says what can.
  data_loss,          ///< Stored bytes fail their checksum or do not decode.
  io,                 ///< The disk or a file refused: full, missing, no permission.
  internal,           ///< A bug on our side.
};

/// The snake_case name, as it appears in logs and JSON.
std::string_view name_of(Errc code);
/// The inverse; `internal` for a name that is not one.
Errc errc_from_name(std::string_view name);

/// An error for people: lower case, no full stop, names the thing and what to do.
struct Error {
  Errc code = Errc::internal;
  std::string message{};
};

}  // namespace lyceum
