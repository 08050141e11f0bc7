#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/language_model.hpp"

/// Raw chat with a model: what a program outside asks for, token by token, where agents use the verbs of
/// LanguageModel. Only models whose distribution this program computes itself offer it.
namespace lyceum::model {

enum class ChatRole { system, user, assistant, tool };

std::string_view name_of(ChatRole role);

/// A call that the model asks for; the caller runs it and answers with a message of role tool.
struct ToolCall {
  std::string id{};  ///< "call_…", unique within the conversation.
  std::string name{};
  std::string arguments{};  ///< JSON text, as the model wrote it.
};

/// One turn. Its texts are untrusted: no special token is ever read from them.
struct ChatMessage {
  ChatRole role = ChatRole::user;
  std::string content{};
  std::string name{};                  ///< Of the speaker, where several share a role; may be empty.
  std::vector<ToolCall> tool_calls{};  ///< Of an assistant.
  std::string tool_call_id{};          ///< Of a tool: which call it answers.
};

struct ToolDefinition {
  std::string name{};  ///< At most kMaxToolNameBytes of A-Z a-z 0-9 _ -
  std::string description{};
  Json parameters = Json::object();  ///< JSON Schema of the arguments, an object.
  bool is_strict = false;            ///< Arguments must conform to `parameters`.
};

enum class ToolChoice {
  automatic,  ///< The model decides between text and calls.
  none,       ///< Text, though tools are described.
  required,   ///< At least one call, of any tool; of ChatRequest::tool_name alone where that is set.
};

/// What the text must be. Calls of tools are not bound by it.
struct ChatFormat {
  enum class Kind { text, json_object, json_schema };

  Kind kind = Kind::text;
  Json schema = nullptr;  ///< Of json_schema.
};

/// How the next token is drawn. `temperature` 0 takes the likeliest. Defaults: the model's distribution.
struct ChatSampling {
  double temperature = 1;               ///< 0..2
  double top_p = 1;                     ///< 0..1
  std::uint32_t top_k = 0;              ///< 0: all
  double min_p = 0;                     ///< 0..1
  double frequency_penalty = 0;         ///< -2..2, times the count of a token in the answer so far
  double presence_penalty = 0;          ///< -2..2, once for a token that is in the answer
  std::optional<std::uint64_t> seed{};  ///< The same seed and request give the same answer; absent: by chance
  std::map<std::int32_t, double> logit_bias{};  ///< -100..100 by token id; -100 bans, 100 all but forces
};

inline constexpr std::size_t kMaxChatMessages = 2048;
inline constexpr std::size_t kMaxChatTools = 128;
inline constexpr std::size_t kMaxToolNameBytes = 64;
inline constexpr std::size_t kMaxStopStrings = 4;
inline constexpr std::size_t kMaxStopBytes = 256;
inline constexpr std::uint32_t kMaxTopLogprobs = 20;
inline constexpr std::size_t kMaxLogitBiases = 1024;

struct ChatRequest {
  std::vector<ChatMessage> messages{};  ///< 1..kMaxChatMessages
  std::vector<ToolDefinition> tools{};  ///< At most kMaxChatTools, of distinct names
  ToolChoice tool_choice = ToolChoice::automatic;
  std::string tool_name{};           ///< With required: the one that must be called; empty: any.
  bool may_call_in_parallel = true;  ///< False: at most one call an answer.
  ChatFormat format{};
  ChatSampling sampling{};
  std::uint32_t tokens_max = 0;     ///< Of the answer; 0: what is left of the context.
  std::vector<std::string> stop{};  ///< The answer ends before the first of these; at most kMaxStopStrings.
  bool wants_logprobs = false;
  std::uint32_t num_top_logprobs = 0;  ///< Alternatives a token, at most kMaxTopLogprobs.
};

struct TokenLogprob {
  std::string bytes{};  ///< Of the token; may be part of a character.
  double logprob = 0;   ///< Natural logarithm, of the model's own distribution.
};

struct ScoredToken {
  TokenLogprob token{};
  std::vector<TokenLogprob> top{};  ///< Likeliest first
};

enum class FinishReason {
  stop,        ///< The model ended, or a stop string was met.
  length,      ///< tokens_max or the context was reached; constrained JSON may be incomplete.
  tool_calls,  ///< The answer asks for calls.
};

std::string_view name_of(FinishReason reason);

struct ChatAnswer {
  std::string text{};
  std::vector<ToolCall> tool_calls{};
  FinishReason finish_reason = FinishReason::stop;
  Usage usage{};
  std::uint64_t num_cached_tokens = 0;  ///< Of usage.tokens_in: taken from the prefix cache.
  std::vector<ScoredToken> logprobs{};  ///< Of the tokens of `text`, where asked for.
};

/// More of one tool call. The first piece of a call has its id and name; the arguments of all its pieces
/// joined are the call's.
struct ToolCallPiece {
  std::size_t index = 0;  ///< 0 for the first call of the answer, then +1 a call.
  std::string id{};
  std::string name{};
  std::string arguments{};
};

/// What one token (or a few) adds. Text is whole characters and never part of a stop string, so it may come
/// later than its tokens.
struct ChatDelta {
  std::string text{};
  std::vector<ToolCallPiece> tool_calls{};
  std::vector<ScoredToken> logprobs{};
};

/// Receives an answer while it is written. Suspending in it suspends the writer.
class ChatSink {
 public:
  ChatSink() = default;
  ChatSink(const ChatSink&) = delete;
  ChatSink& operator=(const ChatSink&) = delete;
  virtual ~ChatSink() = default;

  /// The deltas joined are the answer. False: stop (the chat then ends as cancelled).
  virtual Task<bool> on_delta(ChatDelta delta) = 0;
};

struct ChatModelInfo {
  std::string name{};  ///< As programs outside ask for it: "lyceum-1", a file's name.
  std::uint32_t context_length = 0;
  bool calls_tools = true;
  std::int64_t created_s = 0;  ///< Unix time; 0: unknown.
};

/// Threads: any executor may call any member at the same time; a task resumes on its caller's executor.
/// Cancellation: cancelling the task ends the generation and frees its pages.
class ChatModel {
 public:
  ChatModel() = default;
  ChatModel(const ChatModel&) = delete;
  ChatModel& operator=(const ChatModel&) = delete;
  virtual ~ChatModel() = default;

  virtual const ChatModelInfo& chat_info() const = 0;

  /// `sink` may be null; it must outlive the task. Errors: invalid_argument and unsupported, whose message
  /// begins with the field of OpenAI's request that was wrong ("response_format: …"); too_large (the prompt
  /// does not fit the context; says both numbers); overloaded (the queue is full); cancelled; unavailable.
  virtual Task<Result<ChatAnswer>> chat(ChatRequest request, ChatSink* sink) = 0;

  /// Of a plain text, for reports of use.
  virtual std::uint64_t count_tokens(std::string_view text) const = 0;
};

/// Checks the limits that hold for every model. Errors: invalid_argument, beginning with the field.
Result<void> validate(const ChatRequest& request);

}  // namespace lyceum::model
