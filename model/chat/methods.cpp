#include <algorithm>
#include <limits>
#include <map>

#include "model/chat/builtins.hpp"

namespace lyceum::model::chat {
namespace {

Error wrong_argument(std::string_view name, std::string_view expected) {
  return {Errc::invalid_argument, std::string(name) + ": expected " + std::string(expected)};
}

Result<Value> strip(const MarkedText& text, const CallArguments& arguments, bool left, bool right,
                    Heap& heap) {
  const Value* characters = arguments.find(0, "chars");
  const bool is_default = characters == nullptr || characters->text() == nullptr;
  return heap.text(stripped(text, is_default ? kWhiteSpace : characters->text()->bytes(), left, right));
}

Result<Value> split_at_spaces(const MarkedText& text, std::size_t count_max, Heap& heap) {
  List parts;
  std::size_t at = 0;
  while ((at = text.bytes().find_first_not_of(kWhiteSpace, at)) != std::string_view::npos) {
    const bool is_rest = parts.size() == count_max;
    const std::size_t end =
        is_rest ? text.size() : std::min(text.bytes().find_first_of(kWhiteSpace, at), text.size());
    TRY(const Value part, heap.text(text.substr(at, end - at)));
    parts.push_back(part);
    at = end;
  }
  return heap.list(std::move(parts));
}

Result<Value> split(const MarkedText& text, const CallArguments& arguments, Heap& heap) {
  const Value* separator = arguments.find(0, "sep");
  const Value* limit = arguments.find(1, "maxsplit");
  const auto* count = limit == nullptr ? nullptr : limit->find<std::int64_t>();
  const std::size_t count_max = count == nullptr || *count < 0 ? std::numeric_limits<std::size_t>::max()
                                                               : static_cast<std::size_t>(*count);
  if (separator == nullptr || separator->is<None>()) return split_at_spaces(text, count_max, heap);
  if (separator->text() == nullptr || separator->text()->size() == 0)
    return wrong_argument("split", "a separator that is no empty text");
  const std::string_view mark = separator->text()->bytes();
  List parts;
  std::size_t at = 0;
  while (parts.size() < count_max) {
    const std::size_t found = find_part(text.bytes(), mark, at);
    if (found == std::string_view::npos) break;
    TRY(const Value part, heap.text(text.substr(at, found - at)));
    parts.push_back(part);
    at = found + mark.size();
  }
  TRY(const Value rest, heap.text(text.substr(at)));
  parts.push_back(rest);
  return heap.list(std::move(parts));
}

Result<Value> split_lines(const MarkedText& text, Heap& heap) {
  List lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.bytes().find('\n', at), text.size());
    TRY(const Value line, heap.text(text.substr(at, end - at)));
    lines.push_back(line);
    at = end + 1;
  }
  return heap.list(std::move(lines));
}

/// True when the text has this, or one of these, at its front or end.
Result<Value> has_affix(const MarkedText& text, const CallArguments& arguments, bool is_prefix) {
  const Value* affix = arguments.find(0, "prefix");
  if (affix == nullptr) return wrong_argument("startswith", "a text or a list of texts");
  const auto matches = [&text, is_prefix](const Value& each) {
    if (each.text() == nullptr) return false;
    const std::string_view bytes = each.text()->bytes();
    return is_prefix ? text.bytes().starts_with(bytes) : text.bytes().ends_with(bytes);
  };
  if (const auto* list = affix->list()) return Value(std::ranges::any_of(*list, matches));
  return Value(matches(*affix));
}

Result<Value> replace(const MarkedText& text, const CallArguments& arguments, Heap& heap) {
  const Value* from = arguments.find(0, "old");
  const Value* to = arguments.find(1, "new");
  const Value* count = arguments.find(2, "count");
  if (from == nullptr || to == nullptr || from->text() == nullptr || to->text() == nullptr)
    return wrong_argument("replace", "two texts");
  const auto* limit = count == nullptr ? nullptr : count->find<std::int64_t>();
  TRY(MarkedText out,
      replaced(text, from->text()->bytes(), *to->text(), limit == nullptr ? -1 : *limit, heap));
  return heap.text(std::move(out));
}

Result<Value> find_text(const MarkedText& text, const CallArguments& arguments) {
  const Value* part = arguments.find(0, "sub");
  if (part == nullptr || part->text() == nullptr) return wrong_argument("find", "a text");
  const std::size_t found = find_part(text.bytes(), part->text()->bytes(), 0);
  return Value(found == std::string_view::npos ? std::int64_t{-1} : static_cast<std::int64_t>(found));
}

Result<Value> join(const MarkedText& separator, const CallArguments& arguments, Heap& heap) {
  const Value* list = arguments.find(0, "iterable");
  if (list == nullptr) return wrong_argument("join", "a list");
  CallArguments with_separator{.positional = {Value(&separator)}};
  return apply_filter("join", *list, with_separator, heap);
}

Result<Value> remove_affix(const MarkedText& text, const CallArguments& arguments, bool is_prefix,
                           Heap& heap) {
  TRY(const Value has, has_affix(text, arguments, is_prefix));
  const Value& affix = *arguments.find(0, "prefix");
  if (!is_true(has) || affix.text() == nullptr) return heap.text(text);
  const std::size_t size = affix.text()->size();
  return heap.text(is_prefix ? text.substr(size) : text.substr(0, text.size() - size));
}

Result<Value> call_text_method(std::string_view name, const MarkedText& text, const CallArguments& arguments,
                               Heap& heap) {
  TRY_OK(heap.spend_bytes(text.size()));
  if (name == "strip") return strip(text, arguments, true, true, heap);
  if (name == "lstrip") return strip(text, arguments, true, false, heap);
  if (name == "rstrip") return strip(text, arguments, false, true, heap);
  if (name == "split") return split(text, arguments, heap);
  if (name == "splitlines") return split_lines(text, heap);
  if (name == "startswith") return has_affix(text, arguments, true);
  if (name == "endswith") return has_affix(text, arguments, false);
  if (name == "removeprefix") return remove_affix(text, arguments, true, heap);
  if (name == "removesuffix") return remove_affix(text, arguments, false, heap);
  if (name == "replace") return replace(text, arguments, heap);
  if (name == "find") return find_text(text, arguments);
  if (name == "join") return join(text, arguments, heap);
  const bool is_filter_too = name == "upper" || name == "lower" || name == "title" || name == "capitalize";
  if (is_filter_too) return apply_filter(name, Value(&text), arguments, heap);
  return Error{Errc::unsupported, "method \"" + std::string(name.substr(0, 32)) + "\" of a text"};
}

Result<Value> call_dict_method(std::string_view name, const Value& value, const CallArguments& arguments,
                               Heap& heap) {
  const Dict& dict = *value.dict();
  TRY_OK(heap.spend(1 + dict.entries.size() / 16));
  if (name == "items") return apply_filter("items", value, arguments, heap);
  if (name == "get") {
    const Value* key = arguments.find(0, "key");
    const Value* fallback = arguments.find(1, "default");
    if (key == nullptr || key->text() == nullptr) return wrong_argument("get", "a text as key");
    const Value* found = dict.find(key->text()->bytes());
    if (found != nullptr) return *found;
    return fallback == nullptr ? Value(None{}) : *fallback;
  }
  if (name == "keys" || name == "values") {
    List out;
    for (const auto& entry : dict.entries) out.push_back(name == "keys" ? Value(&entry.first) : entry.second);
    return heap.list(std::move(out));
  }
  return Error{Errc::unsupported, "method \"" + std::string(name.substr(0, 32)) + "\" of a mapping"};
}

Result<Value> range(const CallArguments& arguments, Heap& heap) {
  std::vector<std::int64_t> bounds;
  for (const Value& each : arguments.positional) {
    const auto* integer = each.find<std::int64_t>();
    if (integer == nullptr) return wrong_argument("range", "integers");
    bounds.push_back(*integer);
  }
  if (bounds.empty() || bounds.size() > 3) return wrong_argument("range", "1 to 3 integers");
  std::int64_t at = bounds.size() == 1 ? 0 : bounds[0];
  const std::int64_t end = bounds.size() == 1 ? bounds[0] : bounds[1];
  const std::int64_t step = bounds.size() == 3 ? bounds[2] : 1;
  if (step == 0) return wrong_argument("range", "a step other than 0");
  List out;
  while (step > 0 ? at < end : at > end) {
    if (out.size() == static_cast<std::size_t>(kMaxRange))
      return Error{Errc::too_large, "range: expected at most " + std::to_string(kMaxRange) + " elements"};
    out.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return heap.list(std::move(out));
}

}  // namespace

const Value* CallArguments::find(std::size_t position, std::string_view name) const {
  for (const auto& [each, value] : named) {
    if (each == name) return &value;
  }
  return position < positional.size() ? &positional[position] : nullptr;
}

Result<Value> call_method(std::string_view name, const Value& value, const CallArguments& arguments,
                          Heap& heap) {
  if (const auto* text = value.text()) return call_text_method(name, *text, arguments, heap);
  if (value.dict() != nullptr) return call_dict_method(name, value, arguments, heap);
  return Error{Errc::unsupported, "method \"" + std::string(name.substr(0, 32)) + "\" of a value of type " +
                                      std::string(type_name(value))};
}

Result<Value> call_function(Function function, const CallArguments& arguments, Heap& heap) {
  if (function == Function::range) return range(arguments, heap);
  Dict out;
  out.is_namespace = function == Function::make_namespace;
  if (const Value* first = arguments.find(0, ""); first != nullptr && first->dict() != nullptr)
    out.entries = first->dict()->entries;
  for (const auto& [name, value] : arguments.named) out.set(MarkedText(name, true), value);
  TRY(Dict* const made, heap.dict(std::move(out)));
  return Value(made);
}

}  // namespace lyceum::model::chat
