#include "tools/builtin/workspace_path.hpp"

#include <algorithm>
#include <string_view>

namespace lyceum::tools {
namespace {

Error bad_path(const std::string& why) {
  return {Errc::invalid_argument, "args.path: " + why};
}

bool is_refused(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F || c == '\\';
}

}  // namespace

Result<std::string> normalise_workspace_path(const std::string& path) {
  if (path.size() > kMaxPathBytes) return bad_path("longer than " + std::to_string(kMaxPathBytes) + " bytes");
  if (path.starts_with('/')) return bad_path("must be relative to the workspace");
  if (std::any_of(path.begin(), path.end(), is_refused))
    return bad_path("backslashes and control characters are not permitted");
  if (path.empty() || path.ends_with('/')) return bad_path("must name a file");
  std::string normalised;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view name = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (name == "..") return bad_path("\"..\" is not permitted");
    if (name.empty() || name == ".") continue;
    if (!normalised.empty()) normalised += '/';
    normalised += name;
  }
  if (normalised.empty()) return bad_path("must name a file");
  return normalised;
}

}  // namespace lyceum::tools
