#include "model/lexical/slots.hpp"

#include <algorithm>

namespace lyceum::model::lexical {
namespace {

// Never leaves half a UTF-8 sequence at the cut.
std::string clip(std::string text) {
  if (text.size() <= kMaxSlotBytes) return text;
  std::size_t end = kMaxSlotBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

void collect(const Json& value, int depth, std::string& out) {
  if (depth > kMaxJsonDepth || out.size() > kMaxSlotBytes) return;
  if (value.is_string()) {
    out += clip(value.get<std::string>()) + "\n";
  } else if (value.is_structured()) {
    for (const auto& item : value) collect(item, depth + 1, out);
  }
}

}  // namespace

std::string text_slot(const Json& slots, const char* name) {
  const auto found = slots.find(name);
  if (found == slots.end() || !found->is_string()) return {};
  return clip(found->get<std::string>());
}

const Json& array_slot(const Json& slots, const char* name) {
  static const Json kNone = Json::array();
  const auto found = slots.find(name);
  return found != slots.end() && found->is_array() ? *found : kNone;
}

std::vector<std::string> texts_slot(const Json& slots, const char* name) {
  std::vector<std::string> texts;
  for (const auto& item : array_slot(slots, name)) {
    if (texts.size() == kMaxSlotItems) break;
    if (item.is_string()) texts.push_back(clip(item.get<std::string>()));
  }
  return texts;
}

std::string all_text(const Json& slots) {
  std::string out;
  collect(slots, 0, out);
  return clip(std::move(out));
}

}  // namespace lyceum::model::lexical
