#include "model/engine/answer_reader.hpp"

#include <algorithm>

#include "base/json_schema.hpp"

namespace lyceum::model {
namespace {

/// How much of the end of `text` could be the beginning of `mark`.
std::size_t partial_match(std::string_view text, std::string_view mark) {
  for (std::size_t length = std::min(text.size(), mark.size() - 1); length > 0; --length) {
    if (text.ends_with(mark.substr(0, length))) return length;
  }
  return 0;
}

}  // namespace

ChatDelta AnswerReader::push(std::string_view bytes) {
  ChatDelta delta;
  if (has_stopped_) return delta;
  pending_ += characters_.push(bytes);
  read(delta, false);
  return delta;
}

ChatDelta AnswerReader::finish() {
  ChatDelta delta;
  if (has_stopped_) return delta;
  pending_ += characters_.finish();
  read(delta, true);
  has_stopped_ = true;
  return delta;
}

/// Of `pending_`, the bytes before `limit` that nothing to come can turn into a mark or a stop string.
std::size_t AnswerReader::safe_length(std::size_t limit) const {
  const std::string_view text = std::string_view(pending_).substr(0, limit);
  std::size_t held = options_.reads_calls ? partial_match(text, kCallBegin) : 0;
  for (const std::string& stop : options_.stop) held = std::max(held, partial_match(text, stop));
  return text.size() - held;
}

void AnswerReader::read(ChatDelta& delta, bool is_last) {
  if (options_.is_call) {
    if (is_last) add_call(delta, pending_, pending_);
    return;
  }
  while (!has_stopped_) {
    if (is_in_call_) {
      if (!read_call(delta, is_last)) return;
      continue;
    }
    std::size_t stop_at = std::string::npos;
    for (const std::string& stop : options_.stop) stop_at = std::min(stop_at, pending_.find(stop));
    const std::size_t call_at = options_.reads_calls ? pending_.find(kCallBegin) : std::string::npos;
    if (stop_at != std::string::npos && stop_at <= call_at) {
      delta.text += pending_.substr(0, stop_at);
      has_stopped_ = true;
    } else if (call_at != std::string::npos) {
      delta.text += pending_.substr(0, call_at);
      pending_.erase(0, call_at + kCallBegin.size());
      is_in_call_ = true;
    } else {
      const std::size_t length = is_last ? pending_.size() : safe_length(pending_.size());
      delta.text += pending_.substr(0, length);
      pending_.erase(0, length);
      return;
    }
  }
}

/// False: the call's end is still to come.
bool AnswerReader::read_call(ChatDelta& delta, bool is_last) {
  const std::size_t end = pending_.find(kCallEnd);
  if (end == std::string::npos && !is_last) return false;
  const std::string text = pending_.substr(0, end);
  const bool is_whole = end != std::string::npos;
  pending_.erase(0, is_whole ? end + kCallEnd.size() : end);
  is_in_call_ = false;
  add_call(delta, text, std::string(kCallBegin) + text + (is_whole ? std::string(kCallEnd) : ""));
  return is_whole;
}

bool AnswerReader::is_known(const std::string& name, const Json& arguments) const {
  const auto tool = std::ranges::find(options_.tools, name, &ToolDefinition::name);
  if (tool == options_.tools.end()) return false;
  return !tool->is_strict || validate_schema(arguments, tool->parameters, "arguments").has_value();
}

/// A call, or text where it is none that was offered.
void AnswerReader::add_call(ChatDelta& delta, const std::string& text, const std::string& as_text) {
  const auto json = parse_json(text);
  const bool is_call = json && json->is_object() && json->value("name", Json()).is_string() &&
                       json->value("arguments", Json()).is_object() &&
                       is_known((*json)["name"].get<std::string>(), (*json)["arguments"]);
  if (!is_call) {
    delta.text += as_text;
    return;
  }
  delta.tool_calls.push_back({.index = num_calls_,
                              .id = options_.call_id_prefix + std::to_string(num_calls_),
                              .name = (*json)["name"].get<std::string>(),
                              .arguments = dump_json((*json)["arguments"])});
  ++num_calls_;
  has_stopped_ = options_.takes_one_call;
}

}  // namespace lyceum::model
