#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

class GgufFile;

/// What a conversation is rendered from.
struct ChatInput {
  /// An array of objects with `role`, `content` (a text, or parts as in OpenAI's API), `tool_calls` …
  Json messages = Json::array();
  Json tools{};  ///< An array of function descriptions, or null for none
  /// Ends with the marks after which the model answers.
  bool add_generation_prompt = true;
  Json variables = Json::object();  ///< More names for the template, such as `enable_thinking`
  std::int64_t unix_time_s = 0;     ///< The date that a template may write
};

/// A model's chat template, in the subset of Jinja that published templates use: set, if, for, macro,
/// namespaces, filters and tests. A template comes with a model file and is not trusted: source, nesting,
/// work and memory are limited (chat::Heap), and it reaches nothing but its variables. Immutable and
/// thread-safe.
class ChatTemplate {
 public:
  /// The texts of the model's begin and end tokens, which templates write.
  struct SpecialTexts {
    std::string begin{};
    std::string end{};
  };

  /// malformed or unsupported with the line; too_large.
  static Result<ChatTemplate> parse(std::string_view source, SpecialTexts texts);
  /// Of tokenizer.chat_template; not_found when the file has none. Errors name the file.
  static Result<ChatTemplate> from_gguf(const GgufFile& file);

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  /// Pieces for Tokenizer::encode, without begin or end tokens to be added: only what the template's author
  /// wrote may hold special tokens, what stands in messages, tools and variables never, whatever the template
  /// does with it. invalid_argument when the template refuses the conversation ("roles must alternate"), with
  /// its words; unsupported for what the subset lacks; too_large over the limits.
  Result<std::vector<TextPiece>> render(const ChatInput& input) const;

 private:
  struct State;
  explicit ChatTemplate(std::unique_ptr<const State> state);

  std::unique_ptr<const State> state_;
};

}  // namespace lyceum::model
