#include <csignal>
#include <exception>
#include <iostream>

#include "cli/command_line.hpp"

int main(int argc, char** argv) {
  // A reader that goes away is a failed write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return lyceum::cli::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "lyceum: " << error.what() << "\n";
    return 1;
  }
}
