#include "web/server/static_files.hpp"

#include <array>

namespace lyceum::web {
namespace {

struct ContentType {
  std::string_view suffix{};
  std::string_view type{};
};

constexpr std::array kContentTypes = {
    ContentType{".html", "text/html; charset=utf-8"},
    ContentType{".js", "text/javascript; charset=utf-8"},
    ContentType{".css", "text/css; charset=utf-8"},
    ContentType{".json", "application/json"},
    ContentType{".svg", "image/svg+xml"},
    ContentType{".png", "image/png"},
    ContentType{".ico", "image/x-icon"},
    ContentType{".woff2", "font/woff2"},
    ContentType{".txt", "text/plain; charset=utf-8"},
    ContentType{".webmanifest", "application/manifest+json"},
};

std::string_view content_type_of(std::string_view path) {
  for (const ContentType& known : kContentTypes) {
    if (path.ends_with(known.suffix)) return known.type;
  }
  return "application/octet-stream";
}

}  // namespace

StaticFile find_static_file(std::string_view path) {
  StaticFile found;
  found.file = find_file(ui_files(), path == "/" ? "/index.html" : path);
  if (found.file == nullptr) return found;
  found.content_type = content_type_of(found.file->path);
  // Names below /assets carry a hash of their content.
  found.cache_control = path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
  return found;
}

}  // namespace lyceum::web
