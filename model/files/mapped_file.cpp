#include "model/files/mapped_file.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lyceum::model {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}

  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int number() const { return number_; }

 private:
  int number_;
};

Error system_error(const std::string& path, int number) {
  return {number == ENOENT ? Errc::not_found : Errc::io, path + ": " + std::strerror(number)};
}

}  // namespace

Result<std::unique_ptr<const MappedFile>> MappedFile::open_blocking(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return system_error(path, errno);

  struct stat status {};

  if (::fstat(file.number(), &status) != 0) return system_error(path, errno);
  if (!S_ISREG(status.st_mode)) return Error{Errc::io, path + ": expected a regular file"};
  const auto size_bytes = static_cast<std::size_t>(status.st_size);
  if (size_bytes == 0)
    return Error{Errc::malformed, path + ": byte 0: expected a model file, found an empty one"};
  void* data = ::mmap(nullptr, size_bytes, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (data == MAP_FAILED) return system_error(path, errno);
  return std::unique_ptr<const MappedFile>(new MappedFile(data, size_bytes));
}

MappedFile::~MappedFile() {
  ::munmap(data_, size_bytes_);
}

}  // namespace lyceum::model
