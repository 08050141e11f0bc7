#pragma once

#include "cli/configuration.hpp"
#include "cli/eval/model_eval.hpp"

namespace lyceum::cli {

/// Measures the configured model on the public sets, beside the model without a network. Blocks. Returns the
/// exit code.
int eval_model(const Configuration& configuration, const ModelEvalOptions& options, bool is_json);

}  // namespace lyceum::cli
