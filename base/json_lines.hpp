#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lyceum {

/// The .jsonl and .jsonl.xz files of a folder whose names begin with `prefix`, in the order of their names.
/// not_found when there are none.
Result<std::vector<std::string>> list_json_lines_blocking(const std::string& folder, std::string_view prefix);

/// Called with each row, an object; false ends the reading.
using RowVisitor = std::function<bool(const Json& row)>;

/// Reads one .jsonl or .jsonl.xz file of at most 1 GiB. io, not_found, too_large; malformed, naming file and
/// line. A row without a field that `visit` takes for granted is malformed, too.
Result<void> read_json_lines_blocking(const std::string& path, const RowVisitor& visit);

/// The text under `name`, or none.
std::string text_field(const Json& row, const char* name);

}  // namespace lyceum
