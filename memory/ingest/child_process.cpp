#include "memory/ingest/child_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"

namespace lyceum::memory {
namespace {

constexpr int kNoSuchProgram = 127;

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  ~Descriptor() { close(); }

  int get() const { return descriptor_; }

  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

 private:
  int descriptor_;
};

/// Kills the process, unless it ended, and takes its status.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}

  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }

  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

Error system_error(const char* what) {
  return Error{Errc::io, std::string(what) + ": " + std::strerror(errno)};
}

/// Between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(char* const* arguments, char* const* environment, int output,
                         const ChildLimits& limits) {
  const auto limit = [](auto resource, rlim_t value) {
    const rlimit both{value, value};
    if (::setrlimit(resource, &both) != 0) ::_exit(126);
  };
  limit(RLIMIT_AS, limits.memory_bytes);
  limit(RLIMIT_CPU, static_cast<rlim_t>(limits.time.count()));
  limit(RLIMIT_FSIZE, limits.output_bytes);
  limit(RLIMIT_CORE, 0);
  const int nothing = ::open("/dev/null", O_RDWR);
  if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(nothing, 2) < 0) ::_exit(126);
  ::close_range(3, ~0U, 0);
  ::execvpe(arguments[0], arguments, environment);
  ::_exit(kNoSuchProgram);
}

Result<std::string> read_all(int input, const ChildLimits& limits, MonotonicClock::time_point deadline) {
  std::string output;
  std::array<char, 65'536> buffer{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - MonotonicClock::now());
    pollfd waiting{.fd = input, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready == 0)
      return Error{Errc::deadline_exceeded, "took longer than " + std::to_string(limits.time.count()) + " s"};
    if (ready < 0 && errno == EINTR) continue;
    const ssize_t size = ready < 0 ? -1 : ::read(input, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_error("reading a program's output");
    if (size == 0) return output;
    output.append(buffer.data(), static_cast<std::size_t>(size));
    if (output.size() > limits.output_bytes) return Error{Errc::too_large, "its text is over the limit"};
  }
}

}  // namespace

Result<std::string> run_child(const std::vector<std::string>& arguments, const ChildLimits& limits) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  std::string locale = "LC_ALL=C.UTF-8";
  std::array<char*, 2> environment{locale.data(), nullptr};

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("pipe");
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("fork");
  if (pid == 0) become(pointers.data(), environment.data(), writing.get(), limits);
  Child child(pid);
  writing.close();

  TRY(std::string output, read_all(reading.get(), limits, MonotonicClock::now() + limits.time));
  const int status = child.wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoSuchProgram) {
    return Error{Errc::unavailable, arguments.front() + " is not installed"};
  }
  return Error{Errc::unsupported,
               arguments.front() + (WIFSIGNALED(status)
                                        ? " was stopped by signal " + std::to_string(WTERMSIG(status))
                                        : " gave up with status " + std::to_string(WEXITSTATUS(status)))};
}

}  // namespace lyceum::memory
