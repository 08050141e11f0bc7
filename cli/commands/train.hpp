#pragma once

#include <string>

#include "model/training.hpp"

/// The trainer. Both block and return the exit code.
namespace lyceum::cli {

struct TrainOptions {
  std::string config{};  ///< A JSON file (model/training/README.md).
  bool resumes = false;
};

/// Runs until all is seen, or until the terminal or the system asks to stop; then a checkpoint is written.
int train_model(const TrainOptions& options);
int export_checkpoint(const model::ExportRequest& request);

}  // namespace lyceum::cli
