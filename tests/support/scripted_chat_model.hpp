#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "model/chat_model.hpp"
#include "model/engine_status.hpp"

namespace lyceum::test {

/// A model whose answers follow from the request by plain rules, token by token:
/// the last message says "fail with CODE" → that error; "fail late" → two tokens, then unavailable;
/// "wait" → one token, then nothing until cancelled; tools, and tool_choice required or a tool's name in the
/// last message → a call; JSON asked for → an example of the schema; else "You said: <last message>".
class ScriptedChatModel final : public model::LanguageModel,
                                public model::ChatModel,
                                public model::EngineMonitor {
 public:
  struct Abilities {
    bool chats = true;
    bool embeds = true;
    bool has_engine = true;
  };

  ScriptedChatModel() : ScriptedChatModel(Abilities{}) {}

  explicit ScriptedChatModel(Abilities abilities);

  // LanguageModel
  const model::ModelInfo& info() const override { return info_; }

  Task<Result<model::Choice>> choose(model::ChooseRequest request) override;
  Task<Result<model::Quotes>> quote(model::QuoteRequest request) override;
  Task<Result<model::Written>> write(model::WriteRequest request, model::TextSink* sink) override;
  /// Vectors of kDimensions numbers, from the text's length.
  Task<Result<std::vector<std::vector<float>>>> embed(std::vector<std::string> texts) override;

  model::ChatModel* chat_model() override { return abilities_.chats ? this : nullptr; }

  const model::EngineMonitor* engine_monitor() const override {
    return abilities_.has_engine ? this : nullptr;
  }

  // ChatModel
  const model::ChatModelInfo& chat_info() const override { return chat_info_; }

  Task<Result<model::ChatAnswer>> chat(model::ChatRequest request, model::ChatSink* sink) override;
  std::uint64_t count_tokens(std::string_view text) const override;

  // EngineMonitor
  const model::EngineFacts& facts() const override { return facts_; }

  model::EngineStatus status() const override;

  static constexpr std::size_t kDimensions = 4;
  static constexpr std::uint32_t kContextLength = 512;

  /// What the last chat was asked.
  model::ChatRequest last_request() const;
  /// Blocks until a waiting chat was cancelled; false when none is within ten seconds.
  bool wait_for_cancelled();

 private:
  Task<Result<model::ChatAnswer>> write_text(model::ChatRequest request, std::string text,
                                             model::ChatSink* sink);
  Task<Result<model::ChatAnswer>> write_call(model::ChatRequest request, model::ChatSink* sink);
  Task<void> wait_until_cancelled();

  Abilities abilities_;
  model::ModelInfo info_;
  model::ChatModelInfo chat_info_;
  model::EngineFacts facts_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  model::ChatRequest last_request_;
  std::size_t num_cancelled_ = 0;
};

}  // namespace lyceum::test
