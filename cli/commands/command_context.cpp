#include "cli/commands/command_context.hpp"

#include <iostream>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <unistd.h>

namespace lyceum::cli {

int report(const Error& error) {
  std::cerr << "lyceum: " << error.message << " (" << name_of(error.code) << ")\n";
  return error.code == Errc::invalid_argument || error.code == Errc::malformed ? kExitUsage : kExitFailed;
}

void print_json(const Json& value) {
  std::cout << dump_json(value) << std::endl;
}

Task<Result<std::string>> read_line() {
  constexpr std::size_t kMaxLineBytes = 64U << 10U;
  net::posix::stream_descriptor input(co_await net::this_coro::executor, ::dup(STDIN_FILENO));
  std::string line;
  const auto [failed, size] =
      co_await net::async_read_until(input, net::dynamic_buffer(line, kMaxLineBytes), '\n', as_result);
  if (failed) co_return Error{Errc::cancelled, "no more input"};
  line.resize(size);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  co_return line;
}

}  // namespace lyceum::cli
