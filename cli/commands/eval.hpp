#pragma once

#include "cli/configuration.hpp"
#include "cli/eval/deep_search_eval.hpp"

namespace lyceum::cli {

/// Measures deep search with the configured model on a question set. Blocks. Returns the exit code.
int eval_deep_search(const Configuration& configuration, const DeepSearchEvalOptions& options, bool is_json);

}  // namespace lyceum::cli
