#include "model/engine/conversation.hpp"

namespace lyceum::model {

Conversation::Conversation(const GgufFile& file, const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
  auto made = ChatTemplate::from_gguf(file);
  if (made) {
    template_.emplace(*std::move(made));
  } else {
    problem_ = made.error().message;
  }
}

Result<std::vector<TokenId>> Conversation::render(const Json& messages, const Json& tools,
                                                  Json variables) const {
  if (template_) {
    const ChatInput input{.messages = messages,
                          .tools = tools,
                          .variables = std::move(variables),
                          .unix_time_s = clock_.now_ms() / 1000};
    TRY(const std::vector<TextPiece> pieces, template_->render(input));
    return tokenizer_.encode(pieces);
  }
  std::string text;
  for (const Json& message : messages) text += message.value("content", "") + "\n\n";
  return tokenizer_.encode(text, {.add_special = true});
}

Result<std::vector<TokenId>> Conversation::render(const std::string& system, const std::string& user) const {
  const Json variables = {{"enable_thinking", false}};
  Json messages = Json::array();
  if (!system.empty()) messages.push_back({{"role", "system"}, {"content", system}});
  messages.push_back({{"role", "user"}, {"content", user}});
  auto tokens = render(messages, nullptr, variables);
  if (tokens || system.empty() || tokens.error().code != Errc::invalid_argument) return tokens;
  // Some templates know no system role.
  messages = Json::array({{{"role", "user"}, {"content", system + "\n\n" + user}}});
  return render(messages, nullptr, variables);
}

}  // namespace lyceum::model
