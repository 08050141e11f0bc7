#include "model/engine/chat.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "model/engine/answer_reader.hpp"
#include "model/engine/engine_calls.hpp"
#include "model/engine/writing.hpp"

namespace lyceum::model {
namespace {

constexpr double kBanned = -100;
constexpr double kBanBias = -1e9;

Json to_json(const ChatMessage& message) {
  Json json = {{"role", name_of(message.role)}, {"content", message.content}};
  if (!message.name.empty()) json["name"] = message.name;
  if (!message.tool_call_id.empty()) json["tool_call_id"] = message.tool_call_id;
  for (const ToolCall& call : message.tool_calls) {
    const auto arguments = parse_json(call.arguments);
    json["tool_calls"].push_back(
        {{"id", call.id},
         {"type", "function"},
         {"function", {{"name", call.name}, {"arguments", arguments ? *arguments : Json(call.arguments)}}}});
  }
  return json;
}

Json to_json(const ToolDefinition& tool) {
  return {{"type", "function"},
          {"function",
           {{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}}}};
}

/// What the whole answer must be; null for text.
Json schema_of(const ChatRequest& request) {
  if (request.tool_choice == ToolChoice::required) {
    Json calls = Json::array();
    for (const ToolDefinition& tool : request.tools) {
      if (!request.tool_name.empty() && tool.name != request.tool_name) continue;
      calls.push_back({{"type", "object"},
                       {"properties", {{"arguments", tool.parameters}, {"name", {{"const", tool.name}}}}},
                       {"required", {"arguments", "name"}},
                       {"additionalProperties", false}});
    }
    return calls.size() == 1 ? calls[0] : Json{{"anyOf", calls}};
  }
  if (request.format.kind == ChatFormat::Kind::json_object) return {{"type", "object"}};
  return request.format.kind == ChatFormat::Kind::json_schema ? request.format.schema : Json();
}

SamplerParameters sampling_of(const ChatRequest& request, std::uint64_t chance) {
  const ChatSampling& asked = request.sampling;
  SamplerParameters sampling{.temperature = asked.temperature,
                             .top_k = asked.top_k,
                             .top_p = asked.top_p > 0 ? asked.top_p : 1e-9,
                             .min_p = asked.min_p,
                             .presence_penalty = asked.presence_penalty,
                             .frequency_penalty = asked.frequency_penalty,
                             .seed = asked.seed.value_or(chance),
                             .wants_logprobs = request.wants_logprobs,
                             .top_logprobs = request.num_top_logprobs};
  for (const auto& [token, bias] : asked.logit_bias)
    sampling.logit_bias.emplace_back(token, bias <= kBanned ? kBanBias : bias);
  return sampling;
}

/// Puts an answer together from its tokens and hands it on as it grows.
class AnswerWriter {
 public:
  AnswerWriter(const ChatRequest& request, const Tokenizer& tokenizer, std::string call_id_prefix,
               ChatSink* sink)
      : tokenizer_(tokenizer),
        sink_(sink),
        wants_logprobs_(request.wants_logprobs),
        reader_({.stop = request.stop,
                 .reads_calls = !request.tools.empty() && request.tool_choice == ToolChoice::automatic,
                 .is_call = request.tool_choice == ToolChoice::required,
                 .takes_one_call = !request.may_call_in_parallel,
                 .call_id_prefix = std::move(call_id_prefix),
                 .tools = request.tools}) {}

  /// False: no more tokens are wanted.
  Task<bool> write(GeneratedToken token) {
    if (token.is_end) co_return true;
    ++answer_.usage.tokens_out;
    if (wants_logprobs_) score(token.sampled);
    const bool is_wanted = co_await hand_on(reader_.push(tokenizer_.bytes_of(token.sampled.token)));
    has_stopped_early_ = reader_.has_stopped();
    co_return is_wanted && !has_stopped_early_;
  }

  Task<bool> finish() { co_return co_await hand_on(reader_.finish()); }

  /// By the sink.
  bool is_refused() const { return is_refused_; }

  /// At a stop string or after the only call.
  bool has_stopped_early() const { return has_stopped_early_; }

  ChatAnswer take_answer() { return std::move(answer_); }

 private:
  TokenLogprob named(TokenId token, double logprob) const {
    return {.bytes = std::string(tokenizer_.bytes_of(token, true)), .logprob = logprob};
  }

  void score(const SampledToken& token) {
    ScoredToken& last = scored_.emplace_back();
    last.token = named(token.token, token.logprob);
    for (const RankedToken& other : token.top) last.top.push_back(named(other.token, other.logprob));
  }

  Task<bool> hand_on(ChatDelta delta) {
    if (!delta.text.empty()) delta.logprobs = std::exchange(scored_, {});
    if (!delta.tool_calls.empty()) scored_.clear();
    answer_.text += delta.text;
    answer_.logprobs.insert(answer_.logprobs.end(), delta.logprobs.begin(), delta.logprobs.end());
    for (const ToolCallPiece& piece : delta.tool_calls)
      answer_.tool_calls.push_back({.id = piece.id, .name = piece.name, .arguments = piece.arguments});
    if (sink_ == nullptr || (delta.text.empty() && delta.tool_calls.empty())) co_return true;
    is_refused_ = !co_await sink_->on_delta(std::move(delta));
    co_return !is_refused_;
  }

  const Tokenizer& tokenizer_;
  ChatSink* sink_;
  bool wants_logprobs_;
  AnswerReader reader_;
  ChatAnswer answer_{};
  std::vector<ScoredToken> scored_{};  ///< Of tokens whose text is still held back.
  bool is_refused_ = false;
  bool has_stopped_early_ = false;
};

}  // namespace

EngineChat::EngineChat(SpeakerParts parts, const Conversation& conversation, std::string name)
    : parts_(std::move(parts)),
      conversation_(conversation),
      info_{.name = std::move(name),
            .context_length = static_cast<std::uint32_t>(parts_.engine.transformer().config().context_length),
            .calls_tools = true} {}

std::uint64_t EngineChat::count_tokens(std::string_view text) const {
  const auto tokens = parts_.tokenizer.encode(text);
  return tokens ? tokens->size() : 0;
}

std::uint64_t EngineChat::random_number() {
  std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
  random_.fill(bytes);
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

Result<std::vector<TokenId>> EngineChat::render(const ChatRequest& request) const {
  Json messages = Json::array();
  for (const ChatMessage& message : request.messages) messages.push_back(to_json(message));
  Json tools;
  for (const ToolDefinition& tool : request.tools) tools.push_back(to_json(tool));
  if (request.tool_choice == ToolChoice::none) tools = nullptr;
  auto prompt = conversation_.render(messages, tools, Json::object());
  if (!prompt) return Error{prompt.error().code, "messages: " + prompt.error().message};
  if (request.tool_choice == ToolChoice::required) {
    TRY(const auto mark, parts_.tokenizer.encode(std::string(kCallBegin) + "\n", {.parse_special = true}));
    prompt->insert(prompt->end(), mark.begin(), mark.end());
  }
  return prompt;
}

Result<GenerationRequest> EngineChat::prepare(const ChatRequest& request) {
  GenerationRequest generation;
  TRY(generation.start.prompt, render(request));
  const std::size_t num_prompt = generation.start.prompt.size();
  const std::size_t wanted = request.tokens_max == 0 ? info_.context_length : request.tokens_max;
  const auto room = room_after(parts_.engine, num_prompt, wanted);
  if (!room) return Error{room.error().code, "messages: " + room.error().message};
  generation.start.tokens_max = *room;
  generation.start.sampling = sampling_of(request, random_number());
  generation.end_tokens = end_tokens_of(parts_);
  const Json schema = schema_of(request);
  if (schema.is_null()) return generation;
  auto constraint = parts_.schemas.find_or_compile(schema);
  const char* field = request.tool_choice == ToolChoice::required ? "tools: " : "response_format: ";
  if (!constraint) return Error{constraint.error().code, field + constraint.error().message};
  generation.constraint = *std::move(constraint);
  return generation;
}

Task<Result<ChatAnswer>> EngineChat::chat(ChatRequest request, ChatSink* sink) {
  CO_TRY_OK(validate(request));
  const auto make = [&] { return prepare(request); };
  CO_TRY(GenerationRequest generation, co_await run_blocking(parts_.pool, make));
  const std::size_t num_prompt = generation.start.prompt.size();
  AnswerWriter writer(request, parts_.tokenizer, "call_" + std::to_string(random_number()) + "_", sink);
  const auto read = [&writer](const GeneratedToken& token) { return writer.write(token); };
  auto end = co_await generate(parts_.engine, std::move(generation), Priority::interactive, read);
  if (writer.is_refused() || !co_await writer.finish())
    co_return Error{Errc::cancelled, "the reader stopped the writing"};
  if (!end && !writer.has_stopped_early()) co_return std::move(end).error();
  ChatAnswer answer = writer.take_answer();
  answer.usage.tokens_in = num_prompt;
  if (end) answer.num_cached_tokens = end->cached_tokens;
  if (end && end->reason == GenerationStop::tokens_max) answer.finish_reason = FinishReason::length;
  if (!answer.tool_calls.empty()) answer.finish_reason = FinishReason::tool_calls;
  co_return answer;
}

}  // namespace lyceum::model
