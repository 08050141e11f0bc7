#include "model/verbs/slots.hpp"

#include <algorithm>
#include <map>

namespace lyceum::model {
namespace {

using Names = std::vector<std::string>;

const Names& catalogue_slots(const std::string& task) {
  static const std::map<std::string, Names, std::less<>> all = {
      {"deep_search.enough", {"question", "quotes", "missing_terms"}},
      {"deep_search.relevant", {"question", "quote"}},
      {"deep_search.conflict", {"question", "a", "b"}},
      {"deep_search.sub_questions", {"question", "kind", "entities"}},
      {"deep_search.queries", {"question", "seen", "found", "missing_terms", "map_entities"}},
      {"deep_search.answer", {"question", "evidence", "conflicts"}},
      {"claim.verdict", {"evidence", "claim"}},
      {"relation.name", {"sentence", "head", "tail"}},
  };
  static const Names kNone;
  const auto found = all.find(task);
  return found == all.end() ? kNone : found->second;
}

std::string joined(const Json& value, int depth);

std::string text_of(const Json& value, int depth) {
  if (depth > kMaxJsonDepth || value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (value.is_structured()) return joined(value, depth);
  return dump_json(value);
}

std::string joined(const Json& value, int depth) {
  const char* between = value.is_array() ? " ; " : " | ";
  std::string out;
  for (const Json& item : value) {
    const std::string text = text_of(item, depth + 1);
    if (text.empty()) continue;
    if (!out.empty()) out += between;
    out += text;
  }
  return out;
}

std::string on_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  const auto begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? std::string()
                                    : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

}  // namespace

std::vector<SlotText> slot_texts(const Prompt& prompt) {
  std::vector<SlotText> texts;
  const auto add = [&](const std::string& name, const Json& value) {
    std::string text = on_one_line(text_of(value, 0));
    if (!text.empty()) texts.push_back({on_one_line(name), std::move(text)});
  };
  const Names& known = catalogue_slots(prompt.task);
  for (const std::string& name : known) {
    if (prompt.slots.contains(name)) add(name, prompt.slots[name]);
  }
  for (const auto& [name, value] : prompt.slots.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) add(name, value);
  }
  if (texts.empty()) add("request", prompt.user);
  return texts;
}

}  // namespace lyceum::model
