#include "model/training/atomic_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxWriteBytes = std::size_t{1} << 30U;

Error system_error(const std::string& path) {
  return {Errc::io, path + ": " + std::strerror(errno)};
}

Result<void> write_all(int file, const std::string& path, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), std::min(bytes.size(), kMaxWriteBytes));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(path);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return ok();
}

Result<void> write_and_sync(int file, const std::string& path,
                            std::span<const std::span<const std::byte>> parts) {
  for (const auto part : parts) TRY_OK(write_all(file, path, part));
  if (::fsync(file) != 0) return system_error(path);
  return ok();
}

/// A rename is durable once its folder is.
Result<void> sync_folder(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const std::string folder = parent.empty() ? "." : parent;
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return system_error(folder);
  const int failed = ::fsync(handle);
  ::close(handle);
  if (failed != 0) return system_error(folder);
  return ok();
}

}  // namespace

Result<void> write_atomically_blocking(const std::string& path,
                                       std::span<const std::span<const std::byte>> parts) {
  const std::string draft = path + ".tmp";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return system_error(draft);
  Result<void> written = write_and_sync(file, draft, parts);
  ::close(file);
  if (written && std::rename(draft.c_str(), path.c_str()) != 0) written = system_error(path);
  if (!written) {
    ::unlink(draft.c_str());
    return written;
  }
  return sync_folder(path);
}

}  // namespace lyceum::model
