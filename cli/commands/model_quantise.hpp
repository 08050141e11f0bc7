#pragma once

#include "model/quantize.hpp"

namespace lyceum::cli {

/// Writes a model file with its weights in another type and prints sizes and types. Blocks. Returns the exit
/// code.
int quantise_model(const model::QuantizeRequest& request, bool is_json);

}  // namespace lyceum::cli
