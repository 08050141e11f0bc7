#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lyceum::model {

enum class VerdictLabel : std::uint8_t { yes, no, none };

/// What the options of a task are answered with, in their order; nothing when the task has no labels or an
/// option is not one of its own.
std::vector<VerdictLabel> verdict_labels(std::string_view task, const std::vector<std::string>& options);

}  // namespace lyceum::model
