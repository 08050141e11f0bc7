#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.hpp"

namespace lyceum::model {

/// Replaces the file at `path` by the parts, one after the other: after a crash at any moment the path holds
/// the old bytes or all of the new ones. Writes `path`.tmp beside it. io.
Result<void> write_atomically_blocking(const std::string& path,
                                       std::span<const std::span<const std::byte>> parts);

}  // namespace lyceum::model
