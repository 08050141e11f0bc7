#pragma once

#include <string>

#include "base/result.hpp"

namespace lyceum {

/// The bytes of an .xz stream. Errors: malformed, too_large (more than `size_bytes_max`).
Result<std::string> decompress_xz(const std::string& bytes, std::size_t size_bytes_max);

}  // namespace lyceum
