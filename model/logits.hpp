#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace lyceum::model {

/// What to feed a model file with: token ids as they are, or a text through its tokenizer.
struct LogitsRequest {
  std::vector<std::int32_t> tokens{};
  std::optional<std::string>
      prompt{};                ///< Instead of tokens; special tokens as the model asks, none from the text
  std::size_t num_greedy = 0;  ///< Tokens to continue with, each the one with the highest logit
};

struct LogitsResult {
  std::vector<std::int32_t> tokens{};
  std::vector<float> last_logits{};  ///< After the last of `tokens`, one a vocabulary entry
  std::vector<std::int32_t> greedy{};
};

/// Loads a GGUF file or a Hugging Face folder and computes as the engine does on this processor, so that
/// anyone can compare with another engine. not_found, malformed or unsupported for the file; invalid_argument
/// for no tokens or one outside the vocabulary; too_large when tokens and continuation do not fit into the
/// model's context.
Result<LogitsResult> compute_logits_blocking(const std::string& path, const LogitsRequest& request);

}  // namespace lyceum::model
