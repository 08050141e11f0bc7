#include "memory/ingest/files.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "memory/documents.hpp"

namespace lyceum::memory {

namespace fs = std::filesystem;

Result<std::vector<std::string>> list_files(const std::string& path) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (status.type() == fs::file_type::not_found)
    return Error{Errc::not_found, path + ": no such file or directory"};
  if (fs::is_regular_file(status)) return std::vector<std::string>{path};
  if (!fs::is_directory(status))
    return Error{Errc::io, path + ": is neither a file nor a directory that can be read"};

  std::vector<std::string> files;
  fs::recursive_directory_iterator entry(path, fs::directory_options::skip_permission_denied, failed);
  for (const fs::recursive_directory_iterator end; !failed && entry != end; entry.increment(failed)) {
    const fs::file_type type = entry->symlink_status(failed).type();
    if (entry->path().filename().native().front() == '.') {
      if (type == fs::file_type::directory) entry.disable_recursion_pending();
      continue;
    }
    if (type == fs::file_type::regular) files.push_back(entry->path().string());
    if (files.size() > kMaxFilesInDirectory) {
      return Error{Errc::too_large, path + ": more than " + std::to_string(kMaxFilesInDirectory) + " files"};
    }
  }
  if (failed) return Error{Errc::io, path + ": " + failed.message()};
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace lyceum::memory
