#pragma once

#include <string>

#include "model/speed.hpp"

namespace lyceum::cli {

struct ModelBenchOptions {
  std::string file{};
  model::SpeedRequest request{};
};

/// Prints how fast a model file computes on this machine, beside what its memory gives. Blocks. Returns the
/// exit code.
int bench_model(const ModelBenchOptions& options, bool is_json);

}  // namespace lyceum::cli
