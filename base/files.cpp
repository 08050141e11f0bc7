#include "base/files.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace lyceum {

Result<std::string> read_file_blocking(const std::string& path, std::size_t size_bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Errc::not_found, path + ": cannot be opened: " + std::strerror(errno)};
  std::string content;
  std::array<char, std::size_t{64} << 10U> part{};
  while (file.read(part.data(), part.size()) || file.gcount() > 0) {
    content.append(part.data(), static_cast<std::size_t>(file.gcount()));
    if (content.size() > size_bytes_max)
      return Error{Errc::too_large, path + ": larger than " + std::to_string(size_bytes_max) + " bytes"};
  }
  if (file.bad()) return Error{Errc::io, path + ": cannot be read: " + std::strerror(errno)};
  return content;
}

Result<Json> read_json_file_blocking(const std::string& path, std::size_t size_bytes_max) {
  TRY(const std::string text, read_file_blocking(path, size_bytes_max));
  auto json = parse_json(text);
  if (!json) return Error{json.error().code, path + ": " + json.error().message};
  return json;
}

}  // namespace lyceum
