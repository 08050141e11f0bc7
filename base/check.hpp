#pragma once

#include <source_location>
#include <string_view>

namespace lyceum {

/// Prints what was violated and ends the process. For bugs only, never for input.
[[noreturn]] void check_failed(std::string_view condition, std::source_location where);

}  // namespace lyceum

/// States what must hold if the program is right; on in every build.
#define LYCEUM_CHECK(condition)                                                            \
  do {                                                                                     \
    if (!(condition)) ::lyceum::check_failed(#condition, std::source_location::current()); \
  } while (false)
