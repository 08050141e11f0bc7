#include "model/chat/chat_template.hpp"

#include <utility>

#include "model/chat/parser.hpp"
#include "model/chat/renderer.hpp"
#include "model/files/gguf.hpp"

namespace lyceum::model {
namespace {

constexpr std::string_view kKey = "tokenizer.chat_template";

Result<std::string> token_text(const GgufFile& file, std::string_view key) {
  const auto id = file.get_u32(key);
  const auto texts = file.get_strings("tokenizer.ggml.tokens");
  if (!id || !texts || *id >= texts->size()) return std::string();
  return std::string((*texts)[*id]);
}

std::vector<TextPiece> pieces_of(const chat::MarkedText& text) {
  std::vector<TextPiece> pieces;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin + 1;
    while (end < text.size() && text.is_trusted(end) == text.is_trusted(begin)) ++end;
    pieces.push_back({.text = std::string(text.bytes().substr(begin, end - begin)),
                      .may_hold_special = text.is_trusted(begin)});
    begin = end;
  }
  return pieces;
}

Error in_template(const Error& error) {
  return {error.code, "chat template: " + error.message};
}

}  // namespace

struct ChatTemplate::State {
  chat::Block block{};
  SpecialTexts texts{};
};

ChatTemplate::ChatTemplate(std::unique_ptr<const State> state) : state_(std::move(state)) {}

ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source, SpecialTexts texts) {
  auto block = chat::parse_template(source);
  if (!block) return in_template(block.error());
  return ChatTemplate(
      std::make_unique<const State>(State{.block = *std::move(block), .texts = std::move(texts)}));
}

Result<ChatTemplate> ChatTemplate::from_gguf(const GgufFile& file) {
  TRY(const auto source, file.get_string(kKey));
  SpecialTexts texts;
  TRY(texts.begin, token_text(file, "tokenizer.ggml.bos_token_id"));
  TRY(texts.end, token_text(file, "tokenizer.ggml.eos_token_id"));
  auto parsed = parse(source, std::move(texts));
  if (!parsed) return Error{parsed.error().code, file.path() + ": " + parsed.error().message};
  return parsed;
}

Result<std::vector<TextPiece>> ChatTemplate::render(const ChatInput& input) const {
  if (!input.messages.is_array()) return Error{Errc::invalid_argument, "messages: expected an array"};
  chat::Heap heap;
  chat::Renderer::Scope variables;
  if (input.variables.is_object()) {
    for (const auto& [name, value] : input.variables.items()) {
      TRY(variables[name], heap.from_json(value));
    }
  }
  TRY(variables["messages"], heap.from_json(input.messages));
  TRY(variables["tools"], heap.from_json(input.tools));
  variables["add_generation_prompt"] = input.add_generation_prompt;
  TRY(variables["bos_token"], heap.text(state_->texts.begin, true));
  TRY(variables["eos_token"], heap.text(state_->texts.end, true));
  chat::Renderer renderer(heap, std::move(variables), input.unix_time_s);
  auto text = renderer.render(state_->block);
  if (!text) return in_template(text.error());
  return pieces_of(*text);
}

}  // namespace lyceum::model
