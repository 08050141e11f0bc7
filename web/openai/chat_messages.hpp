#pragma once

#include <vector>

#include "base/json.hpp"
#include "model/chat_model.hpp"

namespace lyceum::web::openai {

/// `messages` of a chat request. Errors: invalid_argument and unsupported (content that is not text), naming
/// the field.
Result<std::vector<model::ChatMessage>> parse_messages(const Json& messages);

/// `tools`.
Result<std::vector<model::ToolDefinition>> parse_tools(const Json& tools);

/// `tool_choice`, into the request's members.
Result<void> parse_tool_choice(const Json& choice, model::ChatRequest& request);

}  // namespace lyceum::web::openai
