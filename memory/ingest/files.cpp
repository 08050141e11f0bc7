#include "memory/ingest/files.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
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

Result<std::string> read_file(const std::string& path) {
  std::error_code failed;
  const std::uintmax_t size = fs::file_size(path, failed);
  if (failed) return Error{Errc::io, path + ": " + failed.message()};
  if (size > kMaxDocumentBytes) {
    return Error{Errc::too_large, path + ": " + std::to_string(size) + " bytes, the limit is " +
                                      std::to_string(kMaxDocumentBytes)};
  }
  std::string bytes(size, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file || static_cast<std::uintmax_t>(file.gcount()) != size)
    return Error{Errc::io, path + ": cannot be read"};
  return bytes;
}

}  // namespace lyceum::memory
