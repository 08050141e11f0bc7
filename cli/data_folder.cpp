#include "cli/data_folder.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.hpp"
#include "base/json.hpp"

namespace lyceum::cli {
namespace {

constexpr std::size_t kMaxSmallFileBytes = 64U << 10U;
constexpr std::size_t kCredentialBytes = 32;

Error io_error(const std::string& path, const std::string& what) {
  return {Errc::io, path + ": " + what + ": " + std::strerror(errno)};
}

std::string hexadecimal(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

bool write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<void> replace_file_blocking(const std::string& path, const std::string& content, unsigned mode) {
  const std::string temporary = path + ".new";
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (descriptor < 0) return io_error(temporary, "cannot be made");
  const bool is_written = write_all(descriptor, content) && ::fsync(descriptor) == 0;
  if (::close(descriptor) != 0 || !is_written) return io_error(temporary, "cannot be written");
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return io_error(path, "cannot be replaced");
  return ok();
}

Result<void> DataFolder::make_blocking() const {
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), failed);
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) return io_error(path_, "cannot be made");
  if (!std::filesystem::is_directory(path_, failed)) return Error{Errc::io, path_ + ": is not a folder"};
  return ok();
}

Result<std::string> DataFolder::credential_blocking(const std::string& configured, Random& random) const {
  if (!configured.empty()) return configured;
  std::error_code ignored;
  if (!std::filesystem::exists(token_file(), ignored)) {
    std::array<std::uint8_t, kCredentialBytes> bytes{};
    random.fill(bytes);
    TRY_OK(replace_file_blocking(token_file(), hexadecimal(bytes) + "\n", 0600));
  }
  TRY(std::string credential, read_file_blocking(token_file(), kMaxSmallFileBytes));
  while (!credential.empty() && std::isspace(static_cast<unsigned char>(credential.back())) != 0)
    credential.pop_back();
  if (credential.empty()) return Error{Errc::io, token_file() + ": is empty; delete it to get a new one"};
  return credential;
}

Result<void> DataFolder::write_running_server_blocking(const RunningServer& server) const {
  const Json content = {{"url", server.url}, {"token_file", server.token_file}, {"pid", server.pid}};
  return replace_file_blocking(server_file(), dump_json(content) + "\n", 0600);
}

void DataFolder::remove_running_server_blocking() const {
  std::error_code ignored;
  std::filesystem::remove(server_file(), ignored);
}

std::optional<RunningServer> DataFolder::running_server_blocking() const {
  const auto text = read_file_blocking(server_file(), kMaxSmallFileBytes);
  if (!text) return std::nullopt;
  const auto content = parse_json(*text);
  if (!content) return std::nullopt;
  FieldReader fields(*content, "server.json");
  RunningServer server;
  server.url = fields.required_string("url", kMaxSmallFileBytes);
  server.token_file = fields.string("token_file", "", kMaxSmallFileBytes);
  server.pid = static_cast<int>(fields.required_integer("pid", 1, INT32_MAX));
  if (!fields.finish()) return std::nullopt;
  const bool is_alive = ::kill(server.pid, 0) == 0 || errno == EPERM;
  if (!is_alive) return std::nullopt;
  return server;
}

}  // namespace lyceum::cli
