#pragma once

#include <string>

/// What a model is trained from. Both block and return the exit code.
namespace lyceum::cli {

struct TrainDataOptions {
  std::string config{};     ///< A JSON file (model/README.md says what is in it).
  std::string data{};       ///< Folder of data sets; for vectors, of training data.
  std::string tokenizer{};  ///< tokenizer.json, or a GGUF file.
  std::string output{};     ///< A folder; of a tokenizer and of vectors, a file.
};

int train_tokenizer(const TrainDataOptions& options);
/// Prints the summary and writes it beside the files as summary.json.
int train_data(const TrainDataOptions& options, bool is_json);
/// Prints counts.
int train_vectors(const TrainDataOptions& options, bool is_json);

}  // namespace lyceum::cli
