#include "memory/ingest/json_lines.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "memory/ingest/parse.hpp"

namespace lyceum::memory {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string id_of(const Json& record) {
  for (const char* name : {"id", "_id"}) {
    const auto found = record.find(name);
    if (found == record.end()) continue;
    std::string id = found->is_string() ? found->get<std::string>() : found->is_number() ? found->dump() : "";
    if (!id.empty() && id.size() <= kMaxRecordIdBytes) return id;
  }
  return {};
}

/// Moves the text out of the record.
std::string take_text(Json& record) {
  for (const char* name : {"text", "context", "body", "content"}) {
    const auto found = record.find(name);
    if (found == record.end() || !found->is_string()) continue;
    auto& text = found->get_ref<std::string&>();
    if (text.find_first_not_of(" \t\r\n") != std::string::npos) return std::move(text);
  }
  return {};
}

}  // namespace

bool JsonLines::at_end() {
  while (!rest_.empty()) {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    if (rest_.substr(0, end).find_first_not_of(kBlanks) != std::string_view::npos) return false;
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++line_;
  }
  return true;
}

Result<JsonRecord> JsonLines::next() {
  const std::size_t end = std::min(rest_.find('\n'), rest_.size());
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  ++line_;

  TRY(Json record, parse_json(line));
  if (!record.is_object()) return Error{Errc::malformed, "expected a JSON object"};
  JsonRecord result{.line = line_, .id = id_of(record), .text = take_text(record)};
  const auto title = record.find("title");
  if (title != record.end() && title->is_string())
    result.title = tidy_title(title->get_ref<const std::string&>());
  if (result.text.empty()) return Error{Errc::unsupported, "no text (fields text, context, body or content)"};
  return result;
}

}  // namespace lyceum::memory
