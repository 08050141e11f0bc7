#include "model/chat/filters.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "model/chat/builtins.hpp"
#include "model/tokenizer/characters.hpp"

namespace lyceum::model::chat {
namespace {

Error unsupported(std::string_view filter, const Value& value) {
  return {Errc::unsupported,
          "filter \"" + std::string(filter) + "\" of a value of type " + std::string(type_name(value))};
}

Result<Value> length(const Value& value, const CallArguments&, Heap& heap) {
  if (const auto* text = value.text()) {
    TRY_OK(heap.spend_bytes(text->size()));
    std::int64_t count = 0;
    for (std::size_t at = 0; at < text->size(); ++count)
      at += first_character(text->bytes().substr(at)).num_bytes;
    return Value(count);
  }
  if (const auto* list = value.list()) return Value(static_cast<std::int64_t>(list->size()));
  if (const auto* dict = value.dict()) return Value(static_cast<std::int64_t>(dict->entries.size()));
  if (value.is<Undefined>()) return Value(std::int64_t{0});
  return unsupported("length", value);
}

Result<Value> to_json(const Value& value, const CallArguments& arguments, Heap& heap) {
  for (const auto& [name, argument] : arguments.named) {
    const bool is_known = name == "indent" || (name == "ensure_ascii" && !is_true(argument));
    if (!is_known) return wrong_argument("tojson", "indent and ensure_ascii=false as arguments only");
  }
  constexpr std::int64_t kMaxIndent = 16;
  const std::int64_t indent =
      std::clamp<std::int64_t>(integer_or(arguments.find(0, "indent"), -1), -1, kMaxIndent);
  TRY(MarkedText out, json_of(value, static_cast<int>(indent), heap));
  return heap.text(std::move(out));
}

Result<Value> join(const Value& value, const CallArguments& arguments, Heap& heap) {
  TRY(const List* const list, elements_of(value, heap));
  const Value* separator = arguments.find(0, "d");
  const Value* attribute = arguments.find(1, "attribute");
  MarkedText out;
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (i > 0 && separator != nullptr && separator->text() != nullptr) out += *separator->text();
    Value element = (*list)[i];
    if (attribute != nullptr) {
      TRY(element, element_of(element, *attribute, heap));
    }
    TRY(const MarkedText text, text_of(element, heap));
    TRY_OK(heap.spend_bytes(text.size()));
    out += text;
    if (out.size() > Heap::kMaxBytes) return Error{Errc::too_large, "the joined text is too long"};
  }
  return heap.text(std::move(out));
}

Result<Value> fallback(const Value& value, const CallArguments& arguments, Heap& heap) {
  const Value* other = arguments.find(0, "default_value");
  const Value* replaces_false = arguments.find(1, "boolean");
  const bool is_missing =
      value.is<Undefined>() || (replaces_false != nullptr && is_true(*replaces_false) && !is_true(value));
  if (!is_missing) return value;
  return other == nullptr ? heap.text("", true) : Result<Value>(*other);
}

Result<Value> pairs(std::vector<std::pair<const MarkedText*, Value>> entries, Heap& heap) {
  List out;
  for (const auto& [key, value] : entries) {
    TRY(const Value pair, heap.list({Value(key), value}));
    out.push_back(pair);
  }
  return heap.list(std::move(out));
}

Result<Value> items(const Value& value, const CallArguments&, Heap& heap) {
  if (value.is<Undefined>()) return heap.list({});
  if (value.dict() == nullptr) return unsupported("items", value);
  std::vector<std::pair<const MarkedText*, Value>> entries;
  for (const auto& [key, each] : value.dict()->entries) entries.emplace_back(&key, each);
  return pairs(std::move(entries), heap);
}

Result<Value> sorted_items(const Value& value, const CallArguments&, Heap& heap) {
  if (value.dict() == nullptr) return unsupported("dictsort", value);
  std::vector<std::pair<const MarkedText*, Value>> entries;
  for (const auto& [key, each] : value.dict()->entries) entries.emplace_back(&key, each);
  TRY_OK(heap.spend(16 * entries.size()));
  std::ranges::sort(entries,
                    [](const auto& a, const auto& b) { return a.first->bytes() < b.first->bytes(); });
  return pairs(std::move(entries), heap);
}

Result<Value> list_of(const Value& value, const CallArguments&, Heap& heap) {
  TRY(const List* const list, elements_of(value, heap));
  return Value(list);
}

Result<Value> integer_of(const Value& value, const CallArguments& arguments, Heap&) {
  if (const auto* integer = value.find<std::int64_t>()) return Value(*integer);
  if (const auto* flag = value.find<bool>()) return Value(std::int64_t{*flag ? 1 : 0});
  const std::int64_t otherwise = integer_or(arguments.find(0, "default"), 0);
  if (const auto* number = value.find<double>())
    return Value(std::abs(*number) < 9e18 ? static_cast<std::int64_t>(*number) : otherwise);
  if (value.text() == nullptr) return Value(otherwise);
  const MarkedText digits = stripped(*value.text(), kWhiteSpace, true, true);
  std::int64_t out = 0;
  const char* const end = digits.bytes().data() + digits.size();
  const auto parsed = std::from_chars(digits.bytes().data(), end, out);
  return Value(parsed.ec == std::errc() && parsed.ptr == end && digits.size() > 0 ? out : otherwise);
}

Result<Value> float_of(const Value& value, const CallArguments&, Heap&) {
  if (const auto* number = value.find<double>()) return Value(*number);
  if (const auto* integer = value.find<std::int64_t>()) return Value(static_cast<double>(*integer));
  double out = 0.0;
  if (value.text() != nullptr) {
    const MarkedText digits = stripped(*value.text(), kWhiteSpace, true, true);
    std::from_chars(digits.bytes().data(), digits.bytes().data() + digits.size(), out);
  }
  return Value(out);
}

Result<Value> magnitude(const Value& value, const CallArguments&, Heap&) {
  if (const auto* number = value.find<double>()) return Value(std::abs(*number));
  const auto* integer = value.find<std::int64_t>();
  if (integer == nullptr) return unsupported("abs", value);
  std::int64_t out = 0;
  if (*integer < 0 && __builtin_sub_overflow(std::int64_t{0}, *integer, &out))
    return Error{Errc::too_large, "an integer beyond 64 bits"};
  return Value(*integer < 0 ? out : *integer);
}

Result<Value> first(const Value& value, const CallArguments&, Heap& heap) {
  TRY(const List* const list, elements_of(value, heap));
  return list->empty() ? Value() : list->front();
}

Result<Value> last(const Value& value, const CallArguments&, Heap& heap) {
  TRY(const List* const list, elements_of(value, heap));
  return list->empty() ? Value() : list->back();
}

Result<Value> reversed(const Value& value, const CallArguments&, Heap& heap) {
  return slice_of(value, Value(), Value(), Value(std::int64_t{-1}), heap);
}

Result<Value> unchanged(const Value& value, const CallArguments&, Heap&) {
  return value;
}

/// "a.b" is a's part b.
Result<Value> path_of(Value value, const Value& path, Heap& heap) {
  if (path.text() == nullptr) return element_of(value, path, heap);
  std::string_view left = path.text()->bytes();
  while (true) {
    const auto dot = left.find('.');
    TRY(value, attribute_of(value, left.substr(0, dot), heap));
    if (dot == std::string_view::npos) return value;
    left.remove_prefix(dot + 1);
  }
}

Result<Value> sort(const Value& value, const CallArguments& arguments, Heap& heap) {
  TRY(const List* const list, elements_of(value, heap));
  const Value* attribute = arguments.find(2, "attribute");
  const Value* reverse = arguments.find(0, "reverse");

  struct Keyed {
    Value key{};
    std::size_t position = 0;
  };

  std::vector<Keyed> keyed;
  for (const Value& each : *list) {
    Value key = each;
    if (attribute != nullptr) {
      TRY(key, path_of(each, *attribute, heap));
    }
    // Whether two keys can be compared depends on each alone, so the first stands for all.
    TRY([[maybe_unused]] const int order, compare(keyed.empty() ? key : keyed.front().key, key));
    keyed.push_back({key, keyed.size()});
  }
  TRY_OK(heap.spend(16 * keyed.size()));
  std::ranges::sort(keyed, [](const Keyed& a, const Keyed& b) {
    const int order = *compare(a.key, b.key);
    return order != 0 ? order < 0 : a.position < b.position;
  });
  List out;
  for (const Keyed& each : keyed) out.push_back((*list)[each.position]);
  if (reverse != nullptr && is_true(*reverse)) std::ranges::reverse(out);
  return heap.list(std::move(out));
}

CallArguments without_first(const CallArguments& arguments, std::size_t count) {
  CallArguments out = arguments;
  const auto begin = out.positional.begin();
  out.positional.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(count, out.positional.size())));
  return out;
}

Result<Value> map(const Value& value, const CallArguments& arguments, Heap& heap) {
  TRY(const List* const list, elements_of(value, heap));
  const Value* attribute = arguments.find(arguments.positional.size(), "attribute");
  const Value* otherwise = arguments.find(arguments.positional.size(), "default");
  const Value* filter = arguments.find(0, "");
  if (attribute == nullptr && (filter == nullptr || filter->text() == nullptr))
    return wrong_argument("map", "an attribute or a filter's name");
  const CallArguments rest = without_first(arguments, 1);
  List out;
  for (const Value& each : *list) {
    Value mapped;
    if (attribute != nullptr) {
      TRY(mapped, path_of(each, *attribute, heap));
      if (mapped.is<Undefined>() && otherwise != nullptr) mapped = *otherwise;
    } else {
      TRY(mapped, apply_filter(filter->text()->bytes(), each, rest, heap));
    }
    out.push_back(mapped);
  }
  return heap.list(std::move(out));
}

Result<Value> filtered(const Value& value, const CallArguments& arguments, bool has_attribute, bool keeps,
                       Heap& heap) {
  TRY(const List* const list, elements_of(value, heap));
  const Value* attribute = arguments.find(0, "");
  const Value* test = arguments.find(has_attribute ? 1 : 0, "");
  if (has_attribute && attribute == nullptr) return wrong_argument("selectattr", "an attribute");
  const CallArguments rest = without_first(arguments, has_attribute ? 2 : 1);
  List out;
  for (const Value& each : *list) {
    Value tested = each;
    if (has_attribute) {
      TRY(tested, path_of(each, *attribute, heap));
    }
    bool holds = is_true(tested);
    if (test != nullptr) {
      if (test->text() == nullptr) return wrong_argument("select", "a test's name");
      TRY(holds, apply_test(test->text()->bytes(), tested, rest, heap));
    }
    if (holds == keeps) out.push_back(each);
  }
  return heap.list(std::move(out));
}

Result<Value> select(const Value& value, const CallArguments& arguments, Heap& heap) {
  return filtered(value, arguments, false, true, heap);
}

Result<Value> reject(const Value& value, const CallArguments& arguments, Heap& heap) {
  return filtered(value, arguments, false, false, heap);
}

Result<Value> select_attribute(const Value& value, const CallArguments& arguments, Heap& heap) {
  return filtered(value, arguments, true, true, heap);
}

Result<Value> reject_attribute(const Value& value, const CallArguments& arguments, Heap& heap) {
  return filtered(value, arguments, true, false, heap);
}

using Filter = Result<Value> (*)(const Value& value, const CallArguments& arguments, Heap& heap);

const std::map<std::string_view, Filter>& filters() {
  static const std::map<std::string_view, Filter> all{
      {"abs", magnitude},
      {"capitalize", text_filters::capitalize},
      {"count", length},
      {"d", fallback},
      {"default", fallback},
      {"dictsort", sorted_items},
      {"first", first},
      {"float", float_of},
      {"indent", text_filters::indent},
      {"int", integer_of},
      {"items", items},
      {"join", join},
      {"last", last},
      {"length", length},
      {"list", list_of},
      {"lower", text_filters::lower},
      {"map", map},
      {"reject", reject},
      {"replace", text_filters::replace},
      {"reverse", reversed},
      {"rejectattr", reject_attribute},
      {"safe", unchanged},
      {"select", select},
      {"selectattr", select_attribute},
      {"sort", sort},
      {"string", text_filters::string_of},
      {"title", text_filters::title},
      {"tojson", to_json},
      {"trim", text_filters::trim},
      {"upper", text_filters::upper},
  };
  return all;
}

}  // namespace

Result<Value> apply_filter(std::string_view name, const Value& value, const CallArguments& arguments,
                           Heap& heap) {
  TRY_OK(heap.spend(1));
  const auto found = filters().find(name);
  if (found != filters().end()) return found->second(value, arguments, heap);
  std::string known;
  for (const auto& [each, filter] : filters()) known += (known.empty() ? "" : ", ") + std::string(each);
  return Error{Errc::unsupported, "filter \"" + std::string(name.substr(0, 32)) + "\"; known are " + known};
}

}  // namespace lyceum::model::chat
