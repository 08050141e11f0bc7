#include "web/embed/embedded_file.hpp"

namespace lyceum::web {

const EmbeddedFile* find_file(std::span<const EmbeddedFile> files, std::string_view path) {
  for (const EmbeddedFile& file : files) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

}  // namespace lyceum::web
