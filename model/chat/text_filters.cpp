#include <algorithm>

#include "model/chat/filters.hpp"
#include "model/tokenizer/characters.hpp"

namespace lyceum::model::chat {

Error wrong_argument(std::string_view filter, std::string_view expected) {
  return {Errc::invalid_argument,
          "filter \"" + std::string(filter) + "\": expected " + std::string(expected)};
}

std::int64_t integer_or(const Value* value, std::int64_t fallback) {
  const auto* integer = value == nullptr ? nullptr : value->find<std::int64_t>();
  return integer == nullptr ? fallback : *integer;
}

namespace text_filters {

Result<Value> trim(const Value& value, const CallArguments& arguments, Heap& heap) {
  TRY(const MarkedText text, text_of(value, heap));
  const Value* characters = arguments.find(0, "chars");
  const bool is_default = characters == nullptr || characters->text() == nullptr;
  return heap.text(stripped(text, is_default ? kWhiteSpace : characters->text()->bytes(), true, true));
}

Result<Value> upper(const Value& value, const CallArguments&, Heap& heap) {
  TRY(const MarkedText text, text_of(value, heap));
  return heap.text(with_case(text, true));
}

Result<Value> lower(const Value& value, const CallArguments&, Heap& heap) {
  TRY(const MarkedText text, text_of(value, heap));
  return heap.text(with_case(text, false));
}

Result<Value> capitalize(const Value& value, const CallArguments&, Heap& heap) {
  TRY(const MarkedText text, text_of(value, heap));
  if (text.size() == 0) return heap.text(text);
  const std::size_t first = first_character(text.bytes()).num_bytes;
  MarkedText out = with_case(text.substr(0, first), true);
  out += with_case(text.substr(first), false);
  return heap.text(std::move(out));
}

Result<Value> title(const Value& value, const CallArguments&, Heap& heap) {
  TRY(const MarkedText text, text_of(value, heap));
  MarkedText out;
  bool is_start = true;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = first_character(text.bytes().substr(at));
    out += with_case(text.substr(at, character.num_bytes), is_start);
    const bool is_break = character.kind == CharacterClass::space || character.value == '-' ||
                          character.value == '(' || character.value == '{' || character.value == '[' ||
                          character.value == '<';
    is_start = is_break;
    at += character.num_bytes;
  }
  return heap.text(std::move(out));
}

Result<Value> replace(const Value& value, const CallArguments& arguments, Heap& heap) {
  TRY(const MarkedText text, text_of(value, heap));
  const Value* from = arguments.find(0, "old");
  const Value* to = arguments.find(1, "new");
  if (from == nullptr || to == nullptr || from->text() == nullptr || to->text() == nullptr)
    return wrong_argument("replace", "two texts");
  const std::int64_t count = integer_or(arguments.find(2, "count"), -1);
  TRY(MarkedText out, replaced(text, from->text()->bytes(), *to->text(), count, heap));
  return heap.text(std::move(out));
}

Result<Value> string_of(const Value& value, const CallArguments&, Heap& heap) {
  TRY(MarkedText text, text_of(value, heap));
  return heap.text(std::move(text));
}

Result<Value> indent(const Value& value, const CallArguments& arguments, Heap& heap) {
  constexpr std::int64_t kMaxWidth = 256;
  TRY(const MarkedText text, text_of(value, heap));
  const auto width = std::clamp<std::int64_t>(integer_or(arguments.find(0, "width"), 4), 0, kMaxWidth);
  const std::string blanks(static_cast<std::size_t>(width), ' ');
  const Value* indents_first = arguments.find(1, "first");
  const Value* indents_blank = arguments.find(2, "blank");
  MarkedText out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.bytes().find('\n', at), text.size());
    const bool is_first = at == 0;
    const bool wants = is_first ? indents_first != nullptr && is_true(*indents_first)
                                : end > at || (indents_blank != nullptr && is_true(*indents_blank));
    TRY_OK(heap.spend(1 + blanks.size() / 16));
    if (out.size() > Heap::kMaxBytes) return Error{Errc::too_large, "the indented text is too long"};
    if (!is_first) out += text.substr(at - 1, 1);
    if (wants) out.append(blanks, true);
    out += text.substr(at, end - at);
    at = end + 1;
  }
  return heap.text(std::move(out));
}

}  // namespace text_filters
}  // namespace lyceum::model::chat
