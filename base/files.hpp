#pragma once

#include <cstddef>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lyceum {

/// A whole file, be it a pipe. Errors, which name it: not_found (it cannot be opened), too_large, io.
Result<std::string> read_file_blocking(const std::string& path, std::size_t size_bytes_max);

/// A file of one JSON document. Errors, which name it: those above and of `parse_json`.
Result<Json> read_json_file_blocking(const std::string& path, std::size_t size_bytes_max);

}  // namespace lyceum
