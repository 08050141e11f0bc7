#pragma once

#include <string>

#include "base/json.hpp"
#include "model/chat_model.hpp"

namespace lyceum::web::openai {

/// Of one request; each is a generation of its own.
inline constexpr std::int64_t kMaxChoices = 8;

/// A request to /v1/chat/completions.
struct ChatCall {
  std::string model{};
  model::ChatRequest request{};
  std::size_t num_choices = 1;
  bool is_streamed = false;
  bool includes_usage = false;  ///< In a last chunk of the stream.
};

/// Takes fields that cannot change the answer ("user", "metadata", …) and lets them be; refuses those that it
/// knows and cannot honour, and those that it does not know. Errors: invalid_argument and unsupported, naming
/// the field.
Result<ChatCall> parse_chat(const Json& body);

}  // namespace lyceum::web::openai
