#pragma once

#include "cli/configuration.hpp"

namespace lyceum::cli {

/// Serves until SIGINT or SIGTERM. With `prints_url`, one line on standard output when ready: the page's
/// address with the credential. Blocks. Returns the exit code.
int serve(const Configuration& configuration, bool prints_url);

}  // namespace lyceum::cli
