#pragma once

#include <string>

#include "model/logits.hpp"

namespace lyceum::cli {

struct ModelLogitsOptions {
  std::string file{};
  model::LogitsRequest request{};
};

/// Prints a model file's logits after a prompt and its greedy continuation. Blocks. Returns the exit code.
int model_logits(const ModelLogitsOptions& options, bool is_json);

}  // namespace lyceum::cli
