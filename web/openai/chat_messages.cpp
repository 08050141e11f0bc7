#include "web/openai/chat_messages.hpp"

#include "web/native/http.hpp"

namespace lyceum::web::openai {
namespace {

constexpr std::size_t kMaxTextBytes = kMaxJsonBodyBytes;
constexpr std::size_t kMaxIdBytes = 256;
constexpr std::size_t kMaxCallsPerMessage = 128;
constexpr std::size_t kMaxDescriptionBytes = 16U << 10U;

std::string indexed(const std::string& field, std::size_t index) {
  return field + "[" + std::to_string(index) + "]";
}

Error unsupported(const std::string& field, const std::string& why) {
  return {Errc::unsupported, field + ": " + why};
}

Result<model::ChatRole> parse_role(const std::string& role, const std::string& field) {
  if (role == "system" || role == "developer") return model::ChatRole::system;
  if (role == "user") return model::ChatRole::user;
  if (role == "assistant") return model::ChatRole::assistant;
  if (role == "tool") return model::ChatRole::tool;
  if (role == "function") return unsupported(field, "\"function\" is not supported: use \"tool\"");
  return Error{Errc::invalid_argument, field + ": expected one of: system, developer, user, assistant, tool"};
}

Result<std::string> parse_part(const Json& part, const std::string& field) {
  FieldReader fields(part, field);
  const std::string type = fields.required_string("type", 64);
  if (type == "image_url" || type == "input_audio" || type == "file")
    return unsupported(field + ".type", "this model reads text only, not \"" + type + "\"");
  const bool is_refusal = type == "refusal";
  if (!is_refusal && type != "text") fields.fail("type", "expected \"text\"");
  std::string text = fields.string(is_refusal ? "refusal" : "text", "", kMaxTextBytes);
  TRY_OK(fields.finish());
  return text;
}

// A text, or parts whose texts are joined.
Result<std::string> parse_content(const Json& content, const std::string& field) {
  if (content.is_null()) return std::string();
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array())
    return Error{Errc::invalid_argument, field + ": expected a string or an array of parts"};
  std::string text;
  for (std::size_t i = 0; i < content.size(); ++i) {
    TRY(const std::string part, parse_part(content[i], indexed(field, i)));
    text += part;
  }
  return text;
}

Result<model::ToolCall> parse_call(const Json& call, const std::string& field) {
  FieldReader fields(call, field);
  model::ToolCall parsed;
  parsed.id = fields.required_string("id", kMaxIdBytes);
  fields.choice("type", "function", {"function"});
  fields.any("index");  // Clients that keep what they streamed send it back.
  FieldReader function(fields.object("function"), field + ".function");
  parsed.name = function.required_string("name", model::kMaxToolNameBytes);
  parsed.arguments = function.string("arguments", "", kMaxTextBytes);
  TRY_OK(fields.finish());
  TRY_OK(function.finish());
  return parsed;
}

Result<model::ChatMessage> parse_message(const Json& message, const std::string& field) {
  FieldReader fields(message, field);
  model::ChatMessage parsed;
  const std::string role = fields.required_string("role", 64);
  const Json& content = fields.any("content");
  parsed.name = fields.string("name", "", kMaxIdBytes);
  parsed.tool_call_id = fields.string("tool_call_id", "", kMaxIdBytes);
  const Json& calls = fields.array("tool_calls", kMaxCallsPerMessage);
  // An answer may be sent back whole: what the model does not read again is let be.
  for (const char* ignored : {"refusal", "annotations", "reasoning", "reasoning_content"})
    fields.any(ignored);
  for (const char* refused : {"function_call", "audio"}) {
    if (fields.has(refused)) return unsupported(field + "." + refused, "is not supported");
    fields.any(refused);
  }
  TRY_OK(fields.finish());
  TRY(parsed.role, parse_role(role, field + ".role"));
  TRY(parsed.content, parse_content(content, field + ".content"));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    TRY(model::ToolCall call, parse_call(calls[i], indexed(field + ".tool_calls", i)));
    parsed.tool_calls.push_back(std::move(call));
  }
  const bool may_be_empty = parsed.role == model::ChatRole::assistant && !parsed.tool_calls.empty();
  if (content.is_null() && !may_be_empty) return Error{Errc::invalid_argument, field + ".content: required"};
  return parsed;
}

Result<model::ToolDefinition> parse_tool(const Json& tool, const std::string& field) {
  FieldReader fields(tool, field);
  const std::string type = fields.required_string("type", 64);
  if (type == "custom") return unsupported(field + ".type", "\"custom\" is not supported: use \"function\"");
  if (type != "function") fields.fail("type", "expected \"function\"");
  if (!fields.has("function")) fields.fail("function", "required");
  const Json& function = fields.object("function");
  TRY_OK(fields.finish());
  FieldReader inner(function, field + ".function");
  model::ToolDefinition parsed;
  parsed.name = inner.required_string("name", model::kMaxToolNameBytes);
  parsed.description = inner.string("description", "", kMaxDescriptionBytes);
  parsed.parameters = inner.object("parameters");
  parsed.is_strict = inner.boolean("strict", false);
  TRY_OK(inner.finish());
  return parsed;
}

}  // namespace

Result<std::vector<model::ChatMessage>> parse_messages(const Json& messages) {
  std::vector<model::ChatMessage> parsed;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    TRY(model::ChatMessage message, parse_message(messages[i], indexed("messages", i)));
    parsed.push_back(std::move(message));
  }
  return parsed;
}

Result<std::vector<model::ToolDefinition>> parse_tools(const Json& tools) {
  std::vector<model::ToolDefinition> parsed;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    TRY(model::ToolDefinition tool, parse_tool(tools[i], indexed("tools", i)));
    parsed.push_back(std::move(tool));
  }
  return parsed;
}

Result<void> parse_tool_choice(const Json& choice, model::ChatRequest& request) {
  if (choice.is_null() || choice == "auto") return ok();
  if (choice == "none" || choice == "required") {
    request.tool_choice = choice == "none" ? model::ToolChoice::none : model::ToolChoice::required;
    return ok();
  }
  if (!choice.is_object())
    return Error{Errc::invalid_argument, "tool_choice: expected none, auto, required or a function"};
  FieldReader fields(choice, "tool_choice");
  const std::string type = fields.required_string("type", 64);
  if (type == "allowed_tools" || type == "custom")
    return unsupported("tool_choice.type", "\"" + type + "\" is not supported");
  if (type != "function") fields.fail("type", "expected \"function\"");
  FieldReader function(fields.object("function"), "tool_choice.function");
  request.tool_choice = model::ToolChoice::required;
  request.tool_name = function.required_string("name", model::kMaxToolNameBytes);
  TRY_OK(fields.finish());
  return function.finish();
}

}  // namespace lyceum::web::openai
