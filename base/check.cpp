#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace lyceum {

void check_failed(std::string_view condition, std::source_location where) {
  std::fprintf(stderr, "%s:%u: check failed: %.*s\n", where.file_name(), where.line(),
               static_cast<int>(condition.size()), condition.data());
  std::abort();
}

}  // namespace lyceum
