#include "base/json_lines.hpp"

#include <algorithm>
#include <filesystem>

#include "base/files.hpp"
#include "base/xz.hpp"

namespace lyceum {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30U;

Result<std::string> read_text(const std::string& path) {
  TRY(std::string bytes, read_file_blocking(path, kMaxFileBytes));
  if (!path.ends_with(".xz")) return bytes;
  auto text = decompress_xz(bytes, kMaxFileBytes);
  if (!text) return Error{text.error().code, path + ": " + text.error().message};
  return text;
}

}  // namespace

Result<std::vector<std::string>> list_json_lines_blocking(const std::string& folder,
                                                          std::string_view prefix) {
  std::error_code failed;
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && (name.ends_with(".jsonl") || name.ends_with(".jsonl.xz")))
      files.push_back(entry.path().string());
  }
  if (failed) return Error{Errc::not_found, folder + ": " + failed.message()};
  if (files.empty()) {
    const std::string which = prefix.empty() ? "" : " whose name begins with \"" + std::string(prefix) + "\"";
    return Error{Errc::not_found, folder + ": no .jsonl or .jsonl.xz file" + which};
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<void> read_json_lines_blocking(const std::string& path, const RowVisitor& visit) {
  TRY(const std::string text, read_text(path));
  std::size_t number = 0;
  std::size_t begin = 0;
  while (begin < text.size()) {
    ++number;
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (line.empty()) continue;
    const auto where = [&] { return path + ", line " + std::to_string(number) + ": "; };
    const auto row = parse_json(line);
    if (!row) return Error{Errc::malformed, where() + row.error().message};
    if (!row->is_object()) return Error{Errc::malformed, where() + "is not an object"};
    try {
      if (!visit(*row)) return ok();
    } catch (const Json::exception& unexpected) {
      return Error{Errc::malformed, where() + unexpected.what()};
    }
  }
  return ok();
}

std::string text_field(const Json& row, const char* name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace lyceum
