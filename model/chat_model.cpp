#include "model/chat_model.hpp"

#include <algorithm>
#include <set>

namespace lyceum::model {
namespace {

Error wrong(std::string_view field, const std::string& why) {
  return {Errc::invalid_argument, std::string(field) + ": " + why};
}

// False for NaN too.
bool is_within(double value, double min, double max) {
  return value >= min && value <= max;
}

bool is_tool_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kMaxToolNameBytes && std::ranges::all_of(name, is_allowed);
}

Result<void> validate_messages(const std::vector<ChatMessage>& messages) {
  if (messages.empty()) return wrong("messages", "expected at least one");
  if (messages.size() > kMaxChatMessages) {
    return wrong("messages",
                 "at most " + std::to_string(kMaxChatMessages) + ", got " + std::to_string(messages.size()));
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const ChatMessage& message = messages[i];
    const std::string field = "messages[" + std::to_string(i) + "]";
    if (!message.tool_calls.empty() && message.role != ChatRole::assistant)
      return wrong(field + ".tool_calls", "only an assistant calls tools");
    if (message.role == ChatRole::tool && message.tool_call_id.empty())
      return wrong(field + ".tool_call_id", "required for a tool's message");
  }
  return ok();
}

Result<void> validate_tools(const ChatRequest& request) {
  if (request.tools.size() > kMaxChatTools) {
    return wrong("tools", "at most " + std::to_string(kMaxChatTools) + ", got " +
                              std::to_string(request.tools.size()));
  }
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    const ToolDefinition& tool = request.tools[i];
    const std::string field = "tools[" + std::to_string(i) + "].function";
    if (!is_tool_name(tool.name))
      return wrong(field + ".name", "expected 1 to 64 letters, digits, underscores or dashes");
    if (!names.insert(tool.name).second)
      return wrong(field + ".name", "\"" + tool.name + "\" is given twice");
    if (!tool.parameters.is_object()) return wrong(field + ".parameters", "expected a JSON Schema object");
  }
  if (!request.tool_name.empty() && !names.contains(request.tool_name))
    return wrong("tool_choice", "there is no tool named \"" + request.tool_name + "\"");
  if (request.tool_choice == ToolChoice::required && request.tools.empty())
    return wrong("tool_choice", "no tools are given");
  return ok();
}

Result<void> validate_sampling(const ChatSampling& sampling) {
  if (!is_within(sampling.temperature, 0, 2)) return wrong("temperature", "expected 0 to 2");
  if (!is_within(sampling.top_p, 0, 1)) return wrong("top_p", "expected 0 to 1");
  if (!is_within(sampling.min_p, 0, 1)) return wrong("min_p", "expected 0 to 1");
  if (!is_within(sampling.frequency_penalty, -2, 2)) return wrong("frequency_penalty", "expected -2 to 2");
  if (!is_within(sampling.presence_penalty, -2, 2)) return wrong("presence_penalty", "expected -2 to 2");
  if (sampling.logit_bias.size() > kMaxLogitBiases)
    return wrong("logit_bias", "at most " + std::to_string(kMaxLogitBiases) + " tokens");
  for (const auto& [token, bias] : sampling.logit_bias) {
    if (token < 0) return wrong("logit_bias", "token ids are not negative");
    if (!is_within(bias, -100, 100))
      return wrong("logit_bias", "token " + std::to_string(token) + ": expected -100 to 100");
  }
  return ok();
}

}  // namespace

std::string_view name_of(ChatRole role) {
  switch (role) {
    case ChatRole::system:
      return "system";
    case ChatRole::user:
      return "user";
    case ChatRole::assistant:
      return "assistant";
    case ChatRole::tool:
      return "tool";
  }
  return "user";
}

std::string_view name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::tool_calls:
      return "tool_calls";
  }
  return "stop";
}

Result<void> validate(const ChatRequest& request) {
  TRY_OK(validate_messages(request.messages));
  TRY_OK(validate_tools(request));
  TRY_OK(validate_sampling(request.sampling));
  if (request.format.kind == ChatFormat::Kind::json_schema && !request.format.schema.is_object())
    return wrong("response_format.json_schema.schema", "expected a JSON Schema object");
  if (request.stop.size() > kMaxStopStrings)
    return wrong("stop", "at most " + std::to_string(kMaxStopStrings) + " strings");
  for (const std::string& stop : request.stop) {
    if (stop.empty() || stop.size() > kMaxStopBytes)
      return wrong("stop", "expected strings of 1 to " + std::to_string(kMaxStopBytes) + " bytes");
  }
  if (request.num_top_logprobs > kMaxTopLogprobs)
    return wrong("top_logprobs", "expected 0 to " + std::to_string(kMaxTopLogprobs));
  if (request.num_top_logprobs > 0 && !request.wants_logprobs)
    return wrong("top_logprobs", "needs \"logprobs\": true");
  return ok();
}

}  // namespace lyceum::model
