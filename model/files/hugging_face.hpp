#pragma once

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/files/source_model.hpp"

namespace lyceum::model {

class SafetensorsModel;

/// A folder as Hugging Face publishes models: config.json, tokenizer.json, tokenizer_config.json (optional),
/// generation_config.json is not read, and safetensors files. not_found, malformed, unsupported (an
/// architecture, a setting or a tensor that is not known, by name) or too_large, with the file.
Result<SourceModel> open_hugging_face_blocking(const std::string& folder);

/// config.json in GGUF's words.
struct HuggingFaceConfig {
  std::string architecture{};  ///< As in general.architecture
  std::uint32_t num_layers = 0;
  std::uint32_t num_heads = 0;
  std::uint32_t num_kv_heads = 0;
  std::uint32_t num_experts = 0;
  bool ties_output = false;          ///< The embedding is the output matrix
  bool has_heads_in_halves = false;  ///< Rows of queries and keys; see TensorPart
  /// Of the turning frequencies, for models whose context was stretched in Llama 3's way; empty: none.
  std::vector<float> rope_divisors{};
};

/// Sets the architecture's metadata.
Result<HuggingFaceConfig> read_hugging_face_config(const Json& config, const std::string& path,
                                                   GgufHeader& header);

/// Names and parts of the model's tensors. The parts point into `files`. Lists missing experts and tensors
/// that are not known.
Result<std::vector<SourceTensor>> map_hugging_face_tensors(const SafetensorsModel& files,
                                                           const HuggingFaceConfig& config,
                                                           const std::string& folder);

}  // namespace lyceum::model
