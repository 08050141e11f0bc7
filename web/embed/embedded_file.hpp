#pragma once

#include <span>
#include <string_view>

/// Files that are part of the program; web/embed/embed.cmake generates the tables.
namespace lyceum::web {

struct EmbeddedFile {
  std::string_view path{};  ///< "/assets/index-BH9darHU.js"
  std::string_view bytes{};
  std::string_view gzip{};  ///< The same, packed at build time.
  std::string_view hash{};  ///< Of `bytes`.
};

std::span<const EmbeddedFile> ui_files();   ///< The page: web/ui as built.
std::span<const EmbeddedFile> api_files();  ///< openapi.json.

/// Null when there is no such file.
const EmbeddedFile* find_file(std::span<const EmbeddedFile> files, std::string_view path);

}  // namespace lyceum::web
