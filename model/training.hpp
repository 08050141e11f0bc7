#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.hpp"

namespace lyceum::model {

/// A run of the trainer. Blocks for as long as it takes.
struct TrainRequest {
  std::string config{};  ///< Path of a JSON file, see model/training/README.md
  bool resumes = false;  ///< From the newest checkpoint of the run's folder, where there is one
  /// Asked between steps; the run then writes a checkpoint and ends.
  std::function<bool()> should_stop{};
  /// Takes one line about where the run stands, some times a second at most.
  std::function<void(const std::string&)> show{};
};

/// Trains until the configured tokens are seen. Writes checkpoints and metrics.jsonl into the run's folder.
/// invalid_argument for a configuration or data that do not fit, conflict for a folder that already holds a
/// run when `resumes` is not set; not_found, io, malformed.
Result<void> train_blocking(const TrainRequest& request);

/// A model file to be made of a checkpoint.
struct ExportRequest {
  std::string checkpoint{};
  std::string output{};
  std::string tokenizer{};    ///< Path of the tokenizer.json whose ids the data have; empty: none
  std::string type = "q8_0";  ///< As for `quantise`
  std::string name = "lyceum";
  std::string license{};             ///< general.license
  std::string description{};         ///< general.description: what it was trained on
  std::size_t num_experts_used = 4;  ///< A token, unless a request asks otherwise
  /// Path of a JSON file (model/blended.hpp): which tasks it answers with the lexical model; empty: all alone
  std::string blend{};
  std::string
      vectors{};  ///< Path of a file of `lyceum train vectors`: its words' vectors go along; empty: none
};

/// Writes a GGUF file of the qwen3moe architecture, in place of one of that name. invalid_argument for an
/// unknown type; malformed for a tokenizer that does not fit the model; not_found, io.
Result<void> export_checkpoint_blocking(const ExportRequest& request);

}  // namespace lyceum::model
