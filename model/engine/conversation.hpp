#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/chat/chat_template.hpp"
#include "model/files/gguf.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

/// How messages become a model's tokens: by its file's chat template, or as plain paragraphs where it has
/// none that this program can use. No special token is read from a message. Thread-safe; borrows the
/// tokenizer.
class Conversation {
 public:
  Conversation(const GgufFile& file, const Tokenizer& tokenizer);

  /// Why the file's template is not used; empty when it is.
  const std::string& problem() const { return problem_; }

  /// As in OpenAI's API; ends where the answer begins. invalid_argument when the template refuses them.
  Result<std::vector<TokenId>> render(const Json& messages, const Json& tools, Json variables) const;

  /// A system text and a request for an answer without deliberation.
  Result<std::vector<TokenId>> render(const std::string& system, const std::string& user) const;

 private:
  const Tokenizer& tokenizer_;
  std::optional<ChatTemplate> template_{};
  std::string problem_{};
  SystemClock clock_{};
};

}  // namespace lyceum::model
