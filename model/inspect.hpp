#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace lyceum::model {

/// The tensors of one element type.
struct TypeShare {
  std::string type{};  ///< As the format names it: "Q4_K"
  bool is_supported = false;
  std::uint64_t num_tensors = 0;
  std::uint64_t num_parameters = 0;
  std::uint64_t size_bytes = 0;
};

/// What a model file says of itself, without loading it. Nothing where the file does not say it.
struct ModelSummary {
  std::string path{};
  std::string format{};          ///< "GGUF 3", "Hugging Face folder"
  std::uint64_t file_bytes = 0;  ///< Of a folder the weights'
  std::string architecture{};
  std::string name{};
  std::uint64_t num_parameters = 0;
  /// Those that compute one token: of the experts' tensors the share that the router takes.
  std::uint64_t num_active_parameters = 0;
  std::uint64_t num_experts = 0;
  std::uint64_t num_experts_used = 0;
  std::optional<std::uint32_t> num_layers{};
  std::optional<std::uint32_t> context_length{};
  std::uint64_t weight_bytes = 0;
  /// Keys and values of one token in all layers, in F16.
  std::optional<std::uint64_t> kv_bytes_per_token{};
  /// Weights, and keys and values for the whole context.
  std::optional<std::uint64_t> memory_bytes{};
  std::vector<TypeShare> types{};  ///< Largest first
  std::string tokenizer{};         ///< "gpt2", "llama", …; empty: none
  std::string pre_tokenizer{};
  std::uint64_t vocab_size = 0;
  std::string tokenizer_problem{};  ///< Why this program cannot use the tokenizer; empty: it can
  bool has_chat_template = false;
  std::string chat_template{};          ///< Its source
  std::string chat_template_problem{};  ///< Why this program cannot use it; empty: it can
};

/// Reads the header of a GGUF file, or of a Hugging Face folder what it would become as one. Errors as
/// GgufFile::open_blocking and open_hugging_face_blocking; not_found without an architecture.
Result<ModelSummary> inspect_model_blocking(const std::string& path);

}  // namespace lyceum::model
