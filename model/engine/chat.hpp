#pragma once

#include "base/random.hpp"
#include "model/chat_model.hpp"
#include "model/engine/conversation.hpp"
#include "model/engine/generation.hpp"
#include "model/engine/speaker.hpp"

namespace lyceum::model {

/// Raw chat over an engine.
class EngineChat final : public ChatModel {
 public:
  /// Borrows the conversation.
  EngineChat(SpeakerParts parts, const Conversation& conversation, std::string name);

  const ChatModelInfo& chat_info() const override { return info_; }

  Task<Result<ChatAnswer>> chat(ChatRequest request, ChatSink* sink) override;

  std::uint64_t count_tokens(std::string_view text) const override;

 private:
  Result<std::vector<TokenId>> render(const ChatRequest& request) const;
  Result<GenerationRequest> prepare(const ChatRequest& request);
  std::uint64_t random_number();

  SpeakerParts parts_;
  const Conversation& conversation_;
  ChatModelInfo info_;
  SystemRandom random_{};
};

}  // namespace lyceum::model
