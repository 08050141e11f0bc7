#pragma once

#include <string>

#include "base/result.hpp"

namespace lyceum::tools {

inline constexpr std::size_t kMaxPathBytes = 200;

/// The one spelling of a path in a run's workspace: relative, "/" between names, no empty and no "." part.
/// Errors: invalid_argument for absolute paths, "..", backslashes, control characters, and paths that name no
/// file or are too long.
Result<std::string> normalise_workspace_path(const std::string& path);

}  // namespace lyceum::tools
