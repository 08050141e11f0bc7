#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/json.hpp"
#include "model/chat_model.hpp"

/// The bodies of chat answers. Pure.
namespace lyceum::web::openai {

/// What all bodies of one answer share.
struct ChatHead {
  std::string id{};  ///< "chatcmpl-…"
  std::int64_t created_s = 0;
  std::string model{};
  bool has_logprobs = false;
  bool includes_usage = false;  ///< Of a stream: every chunk has the field.
};

/// A whole answer: one choice an answer.
Json completion_json(const ChatHead& head, std::span<const model::ChatAnswer> answers);

/// One event of the stream each.
std::string role_event(const ChatHead& head, std::size_t choice);
/// Empty when the delta adds nothing.
std::string delta_event(const ChatHead& head, std::size_t choice, const model::ChatDelta& delta);
std::string finish_event(const ChatHead& head, std::size_t choice, model::FinishReason reason);
std::string usage_event(const ChatHead& head, std::span<const model::ChatAnswer> answers);

inline constexpr std::string_view kDoneEvent = "data: [DONE]\n\n";

}  // namespace lyceum::web::openai
