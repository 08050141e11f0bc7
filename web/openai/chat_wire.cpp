#include "web/openai/chat_wire.hpp"

namespace lyceum::web::openai {
namespace {

Json bytes_json(std::string_view text) {
  Json bytes = Json::array();
  for (const char c : text) bytes.push_back(static_cast<unsigned char>(c));
  return bytes;
}

Json logprob_json(const model::TokenLogprob& token) {
  return {{"token", token.bytes}, {"logprob", token.logprob}, {"bytes", bytes_json(token.bytes)}};
}

Json logprobs_json(bool has_logprobs, std::span<const model::ScoredToken> tokens) {
  if (!has_logprobs) return nullptr;
  Json content = Json::array();
  for (const model::ScoredToken& scored : tokens) {
    Json entry = logprob_json(scored.token);
    entry["top_logprobs"] = Json::array();
    for (const model::TokenLogprob& other : scored.top) entry["top_logprobs"].push_back(logprob_json(other));
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

Json usage_json(std::span<const model::ChatAnswer> answers) {
  std::uint64_t written = 0;
  for (const model::ChatAnswer& answer : answers) written += answer.usage.tokens_out;
  // All choices continue one prompt.
  const std::uint64_t prompt = answers.empty() ? 0 : answers.front().usage.tokens_in;
  const std::uint64_t cached = answers.empty() ? 0 : answers.front().num_cached_tokens;
  return {{"prompt_tokens", prompt},
          {"completion_tokens", written},
          {"total_tokens", prompt + written},
          {"prompt_tokens_details", {{"cached_tokens", cached}}}};
}

Json choice_json(std::size_t index, const model::ChatAnswer& answer, bool has_logprobs) {
  Json message = {{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}};
  if (!answer.tool_calls.empty()) {
    if (answer.text.empty()) message["content"] = nullptr;
    for (const model::ToolCall& call : answer.tool_calls) {
      message["tool_calls"].push_back({{"id", call.id},
                                       {"type", "function"},
                                       {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
    }
  }
  return {{"index", index},
          {"message", std::move(message)},
          {"logprobs", logprobs_json(has_logprobs, answer.logprobs)},
          {"finish_reason", name_of(answer.finish_reason)}};
}

// Every piece has its index: clients join pieces by it.
Json piece_json(const model::ToolCallPiece& piece) {
  Json made = {{"index", piece.index}, {"function", {{"arguments", piece.arguments}}}};
  if (!piece.id.empty()) {
    made["id"] = piece.id;
    made["type"] = "function";
    made["function"]["name"] = piece.name;
  }
  return made;
}

std::string chunk_event(const ChatHead& head, Json choices, Json usage) {
  Json chunk = {{"id", head.id},
                {"object", "chat.completion.chunk"},
                {"created", head.created_s},
                {"model", head.model},
                {"choices", std::move(choices)}};
  if (head.includes_usage) chunk["usage"] = std::move(usage);
  return "data: " + dump_json(chunk) + "\n\n";
}

std::string choice_event(const ChatHead& head, std::size_t choice, Json delta, Json logprobs, Json reason) {
  const Json made = {{"index", choice},
                     {"delta", std::move(delta)},
                     {"logprobs", std::move(logprobs)},
                     {"finish_reason", std::move(reason)}};
  return chunk_event(head, Json::array({made}), nullptr);
}

}  // namespace

Json completion_json(const ChatHead& head, std::span<const model::ChatAnswer> answers) {
  Json choices = Json::array();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    choices.push_back(choice_json(i, answers[i], head.has_logprobs));
  }
  return {{"id", head.id},       {"object", "chat.completion"},   {"created", head.created_s},
          {"model", head.model}, {"choices", std::move(choices)}, {"usage", usage_json(answers)}};
}

std::string role_event(const ChatHead& head, std::size_t choice) {
  return choice_event(head, choice, {{"role", "assistant"}, {"content", ""}}, nullptr, nullptr);
}

std::string delta_event(const ChatHead& head, std::size_t choice, const model::ChatDelta& delta) {
  Json made = Json::object();
  const bool has_scores = head.has_logprobs && !delta.logprobs.empty();
  if (!delta.text.empty() || has_scores) made["content"] = delta.text;
  for (const model::ToolCallPiece& piece : delta.tool_calls) made["tool_calls"].push_back(piece_json(piece));
  if (made.empty()) return {};
  return choice_event(head, choice, std::move(made), logprobs_json(has_scores, delta.logprobs), nullptr);
}

std::string finish_event(const ChatHead& head, std::size_t choice, model::FinishReason reason) {
  return choice_event(head, choice, Json::object(), nullptr, name_of(reason));
}

std::string usage_event(const ChatHead& head, std::span<const model::ChatAnswer> answers) {
  return chunk_event(head, Json::array(), usage_json(answers));
}

}  // namespace lyceum::web::openai
