#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace lyceum::memory {

inline constexpr std::size_t kMaxFilesInDirectory = 1'000'000;

/// The file itself, or the regular files below the directory, sorted. Hidden entries and symbolic links are
/// passed over, so that the walk stays in the tree. Errors: not_found, too_large (too many), io.
Result<std::vector<std::string>> list_files(const std::string& path);

}  // namespace lyceum::memory
