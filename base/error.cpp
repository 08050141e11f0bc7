#include "base/error.hpp"

namespace lyceum {

std::string_view name_of(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::malformed:
      return "malformed";
    case Errc::not_found:
      return "not_found";
    case Errc::conflict:
      return "conflict";
    case Errc::precondition:
      return "precondition";
    case Errc::unauthenticated:
      return "unauthenticated";
    case Errc::forbidden:
      return "forbidden";
    case Errc::too_large:
      return "too_large";
    case Errc::overloaded:
      return "overloaded";
    case Errc::deadline_exceeded:
      return "deadline_exceeded";
    case Errc::cancelled:
      return "cancelled";
    case Errc::shutting_down:
      return "shutting_down";
    case Errc::unavailable:
      return "unavailable";
    case Errc::unsupported:
      return "unsupported";
    case Errc::data_loss:
      return "data_loss";
    case Errc::io:
      return "io";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

Errc errc_from_name(std::string_view name) {
  for (int code = 0; code < static_cast<int>(Errc::internal); ++code) {
    if (name_of(static_cast<Errc>(code)) == name) return static_cast<Errc>(code);
  }
  return Errc::internal;
}

}  // namespace lyceum
