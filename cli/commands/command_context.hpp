#pragma once

#include <string>

#include "base/ids.hpp"
#include "cli/client/api_client.hpp"
#include "cli/terminal.hpp"

namespace lyceum::cli {

/// Exit codes of the program.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 130;

/// What every command that talks to the service works with.
struct CommandContext {
  ApiClient& api;
  IdGenerator& ids;
  Terminal out{};        ///< Of standard output.
  bool is_json = false;  ///< Machine-readable output: JSON Lines on standard output, nothing else there.
};

/// Prints what went wrong to standard error and returns the exit code for it.
int report(const Error& error);

/// Prints one JSON document on a line of its own.
void print_json(const Json& value);

/// Reads one line from standard input without blocking the executor; cancelled at its end.
Task<Result<std::string>> read_line();

}  // namespace lyceum::cli
