#pragma once

#include <cstddef>
#include <string>

namespace lyceum::cli {

struct TrainCurvesOptions {
  std::string run{};  ///< The run's folder.
  std::size_t rows = 12;
};

/// Prints how a training went, from its metrics: loss, and by layer the share of the least and of the most
/// used expert, 1 being the fair one. Gives the exit code.
int train_curves(const TrainCurvesOptions& options, bool is_json);

}  // namespace lyceum::cli
