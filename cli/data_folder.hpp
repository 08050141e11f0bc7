#pragma once

#include <optional>
#include <string>

#include "base/random.hpp"
#include "base/result.hpp"

namespace lyceum::cli {

/// Where a running service can be reached; data_dir/server.json while it serves.
struct RunningServer {
  std::string url{};
  std::string token_file{};  ///< Empty: the credential is configured, not stored.
  int pid = 0;
};

/// The folder that holds everything of one service. Every member blocks.
class DataFolder {
 public:
  explicit DataFolder(std::string path) : path_(std::move(path)) {}

  /// Makes it, for its owner alone, when it is absent. Errors: io.
  Result<void> make_blocking() const;

  /// `configured`, or the content of the file "token", which is made with mode 0600 when it is absent.
  /// Errors: io.
  Result<std::string> credential_blocking(const std::string& configured, Random& random) const;

  std::string token_file() const { return path_ + "/token"; }

  std::string store_folder() const { return path_ + "/store"; }

  Result<void> write_running_server_blocking(const RunningServer& server) const;
  void remove_running_server_blocking() const;

  /// The service that has this folder open, if its process is alive.
  std::optional<RunningServer> running_server_blocking() const;

 private:
  std::string server_file() const { return path_ + "/server.json"; }

  std::string path_;
};

/// Writes a file so that a reader sees the old or the new content, never a part, and forces it to the disk.
/// Errors: io.
Result<void> replace_file_blocking(const std::string& path, const std::string& content, unsigned mode);

}  // namespace lyceum::cli
