#pragma once

#include <string>

namespace lyceum::cli {

/// Prints what a model file says of itself: architecture, parameters, memory, types, tokenizer. Blocks.
/// Returns the exit code.
int inspect_model(const std::string& file, bool is_json);

}  // namespace lyceum::cli
