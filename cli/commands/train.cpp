#include "cli/commands/train.hpp"

#include <csignal>
#include <iostream>

#include <unistd.h>

#include "cli/commands/command_context.hpp"

namespace lyceum::cli {
namespace {

volatile std::sig_atomic_t stop_requested = 0;

void request_stop(int) {
  stop_requested = 1;
}

}  // namespace

int train_model(const TrainOptions& options) {
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
  const bool is_terminal = ::isatty(STDERR_FILENO) != 0;
  const auto show = [is_terminal](const std::string& line) {
    // One line that is written over, or one after the other into a log.
    std::cerr << (is_terminal ? "\r\x1B[K" : "") << line << (is_terminal ? "" : "\n") << std::flush;
  };
  const auto trained = model::train_blocking({.config = options.config,
                                              .resumes = options.resumes,
                                              .should_stop = [] { return stop_requested != 0; },
                                              .show = show});
  if (is_terminal) std::cerr << "\n";
  return trained ? kExitOk : report(trained.error());
}

int export_checkpoint(const model::ExportRequest& request) {
  const auto exported = model::export_checkpoint_blocking(request);
  return exported ? kExitOk : report(exported.error());
}

}  // namespace lyceum::cli
