#pragma once

#include <string>

#include "cli/commands/command_context.hpp"

namespace lyceum::cli {

/// Shows a run from its beginning until it is over: steps, queries, evidence, decisions, then the answer with
/// its citations. On a terminal it asks the person for what the run waits for. With `cancels_on_interrupt`
/// the first Ctrl-C cancels the run and the second one leaves at once; without, Ctrl-C only stops looking.
/// Returns the exit code.
Task<int> view_run(CommandContext context, std::string run, bool cancels_on_interrupt);

}  // namespace lyceum::cli
