#include "model/chat/value.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "model/tokenizer/characters.hpp"

namespace lyceum::model::chat {
namespace {

Error too_deep() {
  return {Errc::too_large, "expected values nested at most " + std::to_string(kMaxValueDepth) + " deep"};
}

std::optional<double> number_of(const Value& value) {
  if (const auto* flag = value.find<bool>()) return *flag ? 1.0 : 0.0;
  if (const auto* integer = value.find<std::int64_t>()) return static_cast<double>(*integer);
  if (const auto* number = value.find<double>()) return *number;
  return std::nullopt;
}

std::string float_text(double value, bool is_json) {
  if (std::isnan(value)) return is_json ? "NaN" : "nan";
  if (std::isinf(value)) return std::string(value < 0 ? "-" : "") + (is_json ? "Infinity" : "inf");
  std::array<char, 32> buffer{};
  const double magnitude = std::abs(value);
  const bool is_plain = magnitude == 0.0 || (magnitude >= 1e-4 && magnitude < 1e16);
  const auto format = is_plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format).ptr;
  std::string text(buffer.data(), end);
  if (is_plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

void append_json_text(const MarkedText& text, MarkedText& out) {
  out.append("\"", true);
  constexpr std::string_view kEscaped = "\"\\\n\r\t\b\f";
  constexpr std::string_view kLetters = "\"\\nrtbf";
  constexpr std::string_view kHex = "0123456789abcdef";
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text.bytes()[i];
    const auto known = kEscaped.find(c);
    if (known == std::string_view::npos && static_cast<unsigned char>(c) >= 0x20) continue;
    out += text.substr(begin, i - begin);
    begin = i + 1;
    std::string escape = "\\";
    if (known != std::string_view::npos) {
      escape += kLetters[known];
    } else {
      escape += "u00";
      escape += kHex[static_cast<unsigned char>(c) >> 4U];
      escape += kHex[static_cast<unsigned char>(c) & 15U];
    }
    out.append(escape, text.is_trusted(i));
  }
  out += text.substr(begin);
  out.append("\"", true);
}

/// Python's repr() of a text, as far as quotes and line ends go.
void append_quoted(const MarkedText& text, MarkedText& out) {
  const bool has_single = text.bytes().find('\'') != std::string_view::npos;
  const bool has_double = text.bytes().find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  out.append({&quote, 1}, true);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text.bytes()[i];
    const bool is_trusted = text.is_trusted(i);
    if (c == quote || c == '\\') {
      out.append("\\", is_trusted);
      out.append({&c, 1}, is_trusted);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out.append(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t", is_trusted);
    } else {
      out.append({&c, 1}, is_trusted);
    }
  }
  out.append({&quote, 1}, true);
}

/// Writes nested values, as JSON or as Python's repr().
class Writer {
 public:
  Writer(Heap& heap, bool is_json, int indent) : heap_(heap), is_json_(is_json), indent_(indent) {}

  Result<void> write(const Value& value, int depth) {
    if (depth > kMaxValueDepth) return too_deep();
    TRY_OK(heap_.spend(1));
    if (out.size() > Heap::kMaxBytes)
      return Error{Errc::too_large,
                   "expected a text of at most " + std::to_string(Heap::kMaxBytes) + " bytes"};
    if (const auto* text = value.text()) {
      TRY_OK(heap_.spend_bytes(text->size()));
      if (is_json_) {
        append_json_text(*text, out);
      } else {
        append_quoted(*text, out);
      }
      return ok();
    }
    if (const auto* list = value.list()) return write_list(*list, depth);
    if (const auto* dict = value.dict()) return write_dict(*dict, depth);
    if (is_json_) return write_json_scalar(value);
    TRY(const MarkedText plain, text_of(value, heap_));
    out += plain;
    return ok();
  }

  MarkedText out{};

 private:
  Result<void> write_json_scalar(const Value& value) {
    if (value.is<None>()) {
      out.append("null", true);
    } else if (const auto* flag = value.find<bool>()) {
      out.append(*flag ? "true" : "false", true);
    } else if (const auto* integer = value.find<std::int64_t>()) {
      out.append(std::to_string(*integer), false);
    } else if (const auto* number = value.find<double>()) {
      out.append(float_text(*number, true), false);
    } else {
      return Error{Errc::unsupported, "tojson of a value of type " + std::string(type_name(value))};
    }
    return ok();
  }

  void line(int depth) {
    if (indent_ < 0) return;
    out.append("\n" + std::string(static_cast<std::size_t>(indent_) * static_cast<std::size_t>(depth), ' '),
               true);
  }

  void separate(bool is_first) {
    if (!is_first) out.append(indent_ < 0 ? ", " : ",", true);
  }

  Result<void> write_list(const List& list, int depth) {
    out.append("[", true);
    for (std::size_t i = 0; i < list.size(); ++i) {
      separate(i == 0);
      line(depth + 1);
      TRY_OK(write(list[i], depth + 1));
    }
    if (!list.empty()) line(depth);
    out.append("]", true);
    return ok();
  }

  Result<void> write_dict(const Dict& dict, int depth) {
    out.append("{", true);
    for (std::size_t i = 0; i < dict.entries.size(); ++i) {
      separate(i == 0);
      line(depth + 1);
      TRY_OK(write(Value(&dict.entries[i].first), depth + 1));
      out.append(": ", true);
      TRY_OK(write(dict.entries[i].second, depth + 1));
    }
    if (!dict.entries.empty()) line(depth);
    out.append("}", true);
    return ok();
  }

  Heap& heap_;
  bool is_json_;
  int indent_;
};

Result<bool> equal_lists(const List& a, const List& b, Heap& heap, int depth);

Result<bool> equal_values(const Value& a, const Value& b, Heap& heap, int depth) {
  if (depth > kMaxValueDepth) return too_deep();
  TRY_OK(heap.spend(1));
  const auto* integer_a = a.find<std::int64_t>();
  const auto* integer_b = b.find<std::int64_t>();
  if (integer_a != nullptr && integer_b != nullptr) return *integer_a == *integer_b;
  const auto number_a = number_of(a);
  const auto number_b = number_of(b);
  if (number_a && number_b) return *number_a == *number_b;
  if (a.text() != nullptr && b.text() != nullptr) {
    TRY_OK(heap.spend_bytes(a.text()->size()));
    return a.text()->bytes() == b.text()->bytes();
  }
  if (a.list() != nullptr && b.list() != nullptr) return equal_lists(*a.list(), *b.list(), heap, depth);
  if (a.dict() != nullptr && b.dict() != nullptr) {
    if (a.dict()->entries.size() != b.dict()->entries.size()) return false;
    for (const auto& [key, value] : a.dict()->entries) {
      TRY_OK(heap.spend(1 + b.dict()->entries.size() / 16));
      const Value* other = b.dict()->find(key.bytes());
      if (other == nullptr) return false;
      TRY(const bool is_same, equal_values(value, *other, heap, depth + 1));
      if (!is_same) return false;
    }
    return true;
  }
  return (a.is<None>() && b.is<None>()) || (a.is<Undefined>() && b.is<Undefined>());
}

Result<bool> equal_lists(const List& a, const List& b, Heap& heap, int depth) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    TRY(const bool is_same, equal_values(a[i], b[i], heap, depth + 1));
    if (!is_same) return false;
  }
  return true;
}

}  // namespace

const Value* Dict::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.bytes() == key) return &value;
  }
  return nullptr;
}

void Dict::set(const MarkedText& key, Value value) {
  for (auto& [name, held] : entries) {
    if (name.bytes() == key.bytes()) {
      held = value;
      return;
    }
  }
  entries.emplace_back(key, value);
}

Result<void> Heap::spend(std::uint64_t work) {
  work_ += work;
  if (work_ > kMaxWork) return Error{Errc::too_large, "the template does more work than is permitted"};
  return ok();
}

Result<void> Heap::count(std::uint64_t size_bytes) {
  bytes_ += size_bytes;
  if (bytes_ > kMaxBytes) return Error{Errc::too_large, "the template needs more memory than is permitted"};
  return spend_bytes(size_bytes);
}

Result<Value> Heap::text(MarkedText text) {
  TRY_OK(count(2 * text.size() + sizeof(MarkedText)));
  return Value(static_cast<const MarkedText*>(&texts_.emplace_back(std::move(text))));
}

Result<Value> Heap::list(List elements) {
  TRY_OK(count(elements.size() * sizeof(Value) + sizeof(List)));
  return Value(static_cast<const List*>(&lists_.emplace_back(std::move(elements))));
}

Result<Dict*> Heap::dict(Dict dict) {
  std::uint64_t size_bytes = sizeof(Dict);
  for (const auto& [key, value] : dict.entries)
    size_bytes += 2 * key.size() + sizeof(MarkedText) + sizeof(Value);
  TRY_OK(count(size_bytes));
  return &dicts_.emplace_back(std::move(dict));
}

Result<const Loop*> Heap::loop(Loop loop) {
  TRY_OK(count(sizeof(Loop)));
  return static_cast<const Loop*>(&loops_.emplace_back(loop));
}

// Depth is that of the JSON, which parse_json and callers keep within bounds.
Result<Value> Heap::from_json(const Json& json) {
  if (json.is_string()) return text(json.get_ref<const std::string&>(), false);
  if (json.is_boolean()) return Value(json.get<bool>());
  if (json.is_number_unsigned()) {
    const auto number = json.get<std::uint64_t>();
    const bool fits = number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return fits ? Value(static_cast<std::int64_t>(number)) : Value(static_cast<double>(number));
  }
  if (json.is_number_integer()) return Value(json.get<std::int64_t>());
  if (json.is_number_float()) return Value(json.get<double>());
  if (json.is_array()) {
    List elements;
    for (const Json& each : json) {
      TRY(const Value element, from_json(each));
      elements.push_back(element);
    }
    return list(std::move(elements));
  }
  if (json.is_object()) {
    Dict out;
    for (const auto& [key, each] : json.items()) {
      TRY(const Value value, from_json(each));
      out.entries.emplace_back(MarkedText(key, false), value);
    }
    TRY(Dict* const made, dict(std::move(out)));
    return Value(made);
  }
  return Value(None{});
}

std::string_view type_name(const Value& value) {
  constexpr std::array<std::string_view, 11> kNames{"undefined", "none",   "boolean", "integer",
                                                    "float",     "string", "list",    "mapping",
                                                    "loop",      "macro",  "function"};
  return kNames[value.held().index()];
}

bool is_true(const Value& value) {
  if (const auto number = number_of(value)) return *number != 0.0;
  if (const auto* text = value.text()) return text->size() > 0;
  if (const auto* list = value.list()) return !list->empty();
  if (const auto* dict = value.dict()) return !dict->entries.empty() || dict->is_namespace;
  return !value.is<Undefined>() && !value.is<None>();
}

Result<bool> is_equal(const Value& a, const Value& b, Heap& heap) {
  return equal_values(a, b, heap, 0);
}

Result<int> compare(const Value& a, const Value& b) {
  const auto order = [](const auto& x, const auto& y) { return x < y ? -1 : x > y ? 1 : 0; };
  const auto number_a = number_of(a);
  const auto number_b = number_of(b);
  if (number_a && number_b && !std::isnan(*number_a) && !std::isnan(*number_b))
    return order(*number_a, *number_b);
  if (a.text() != nullptr && b.text() != nullptr) return order(a.text()->bytes(), b.text()->bytes());
  return Error{Errc::unsupported,
               "order of " + std::string(type_name(a)) + " and " + std::string(type_name(b))};
}

Result<MarkedText> text_of(const Value& value, Heap& heap) {
  if (const auto* text = value.text()) {
    TRY_OK(heap.spend_bytes(text->size()));
    return *text;
  }
  if (value.is<Undefined>()) return MarkedText();
  if (value.is<None>()) return MarkedText("None", true);
  if (const auto* flag = value.find<bool>()) return MarkedText(*flag ? "True" : "False", true);
  if (const auto* integer = value.find<std::int64_t>()) return MarkedText(std::to_string(*integer), false);
  if (const auto* number = value.find<double>()) return MarkedText(float_text(*number, false), false);
  if (value.list() != nullptr || value.dict() != nullptr) {
    Writer writer(heap, false, -1);
    TRY_OK(writer.write(value, 0));
    return std::move(writer.out);
  }
  return Error{Errc::unsupported, "a value of type " + std::string(type_name(value)) + " as text"};
}

Result<MarkedText> json_of(const Value& value, int indent, Heap& heap) {
  Writer writer(heap, true, indent);
  TRY_OK(writer.write(value, 0));
  return std::move(writer.out);
}

}  // namespace lyceum::model::chat
