#pragma once

#include <string_view>

#include "web/embed/embedded_file.hpp"

namespace lyceum::web {

/// How one embedded file is served.
struct StaticFile {
  const EmbeddedFile* file = nullptr;  ///< Null: no such file.
  std::string_view content_type{};
  std::string_view cache_control{};
};

/// "/" is the page itself.
StaticFile find_static_file(std::string_view path);

}  // namespace lyceum::web
