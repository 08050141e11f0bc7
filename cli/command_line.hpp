#pragma once

namespace lyceum::cli {

/// Reads the command line, the configuration and the environment, and does what they say. Returns the exit
/// code: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted.
int run_command_line(int argc, char** argv);

}  // namespace lyceum::cli
