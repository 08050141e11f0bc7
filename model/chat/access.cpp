#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "model/chat/builtins.hpp"
#include "model/tokenizer/characters.hpp"

namespace lyceum::model::chat {
namespace {

Error unsupported(std::string_view what, const Value& value) {
  return {Errc::unsupported, std::string(what) + " of a value of type " + std::string(type_name(value))};
}

/// Byte offsets of the characters, and the end.
std::vector<std::size_t> character_offsets(const MarkedText& text) {
  std::vector<std::size_t> offsets;
  for (std::size_t at = 0; at < text.size(); at += first_character(text.bytes().substr(at)).num_bytes)
    offsets.push_back(at);
  offsets.push_back(text.size());
  return offsets;
}

Result<Value> loop_attribute(const Loop& loop, std::string_view name) {
  const auto size = static_cast<std::int64_t>(loop.elements->size());
  const auto index = static_cast<std::int64_t>(loop.index);
  if (name == "index") return Value(index + 1);
  if (name == "index0") return Value(index);
  if (name == "revindex") return Value(size - index);
  if (name == "revindex0") return Value(size - index - 1);
  if (name == "first") return Value(index == 0);
  if (name == "last") return Value(index + 1 == size);
  if (name == "length") return Value(size);
  if (name == "previtem") return index == 0 ? Value() : (*loop.elements)[loop.index - 1];
  if (name == "nextitem") return index + 1 == size ? Value() : (*loop.elements)[loop.index + 1];
  return Error{Errc::unsupported, "loop." + std::string(name.substr(0, 32))};
}

/// The positions that a slice takes, as Python counts them.
Result<std::vector<std::size_t>> slice_positions(std::size_t size, const Value& begin, const Value& end,
                                                 const Value& step) {
  const auto bound = [](const Value& value, std::int64_t fallback) -> Result<std::int64_t> {
    if (value.is<Undefined>() || value.is<None>()) return fallback;
    const auto* integer = value.find<std::int64_t>();
    if (integer == nullptr) return Error{Errc::unsupported, "a slice with bounds that are no integers"};
    return std::clamp<std::int64_t>(*integer, -(std::int64_t{1} << 40U), std::int64_t{1} << 40U);
  };
  TRY(const std::int64_t stride, bound(step, 1));
  if (stride == 0) return Error{Errc::invalid_argument, "a slice with step 0"};
  const auto length = static_cast<std::int64_t>(size);
  const std::int64_t lowest = stride > 0 ? 0 : -1;
  const std::int64_t highest = stride > 0 ? length : length - 1;
  TRY(std::int64_t at, bound(begin, stride > 0 ? 0 : length - 1));
  TRY(std::int64_t stop, bound(end, stride > 0 ? length : -length - 1));
  at = std::clamp(at < 0 ? at + length : at, lowest, highest);
  stop = std::clamp(stop < 0 ? stop + length : stop, lowest, highest);
  std::vector<std::size_t> positions;
  for (; stride > 0 ? at < stop : at > stop; at += stride) positions.push_back(static_cast<std::size_t>(at));
  return positions;
}

std::optional<double> as_float(const Value& value) {
  if (const auto* integer = value.find<std::int64_t>()) return static_cast<double>(*integer);
  if (const auto* number = value.find<double>()) return *number;
  if (const auto* flag = value.find<bool>()) return *flag ? 1.0 : 0.0;
  return std::nullopt;
}

Error overflow() {
  return {Errc::too_large, "an integer beyond 64 bits"};
}

Result<Value> power(std::int64_t base, std::int64_t exponent) {
  std::int64_t out = 1;
  for (std::int64_t i = 0; i < exponent && out != 0; ++i) {
    if (__builtin_mul_overflow(out, base, &out)) return overflow();
    if (base == 1 || (base == -1 && i >= exponent % 2)) break;
  }
  return Value(base == -1 ? (exponent % 2 == 0 ? std::int64_t{1} : std::int64_t{-1}) : out);
}

Result<Value> calculate_integers(std::string_view symbol, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  if (symbol == "+") return __builtin_add_overflow(a, b, &out) ? Result<Value>(overflow()) : Value(out);
  if (symbol == "-") return __builtin_sub_overflow(a, b, &out) ? Result<Value>(overflow()) : Value(out);
  if (symbol == "*") return __builtin_mul_overflow(a, b, &out) ? Result<Value>(overflow()) : Value(out);
  if (symbol == "**" && b >= 0) return power(a, b);
  if (symbol == "**") return Value(std::pow(static_cast<double>(a), static_cast<double>(b)));
  if (b == 0) return Error{Errc::invalid_argument, "division by zero"};
  if (symbol == "/") return Value(static_cast<double>(a) / static_cast<double>(b));
  if (b == -1 && a == std::numeric_limits<std::int64_t>::min()) return overflow();
  const std::int64_t remainder = a % b;
  const bool rounds_down = remainder != 0 && (remainder < 0) != (b < 0);
  if (symbol == "//") return Value(a / b - (rounds_down ? 1 : 0));
  return Value(rounds_down ? remainder + b : remainder);
}

Result<Value> calculate_floats(std::string_view symbol, double a, double b) {
  if (symbol == "+") return Value(a + b);
  if (symbol == "-") return Value(a - b);
  if (symbol == "*") return Value(a * b);
  if (symbol == "**") return Value(std::pow(a, b));
  if (b == 0.0) return Error{Errc::invalid_argument, "division by zero"};
  if (symbol == "/") return Value(a / b);
  if (symbol == "//") return Value(std::floor(a / b));
  return Value(a - b * std::floor(a / b));
}

Result<Value> repeated(const MarkedText& text, std::int64_t count, Heap& heap) {
  MarkedText out;
  const auto times = static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
  if (text.size() > 0 && times > Heap::kMaxBytes / text.size())
    return Error{Errc::too_large, "the repeated text is too long"};
  for (std::uint64_t i = 0; i < times; ++i) out += text;
  return heap.text(std::move(out));
}

}  // namespace

Result<Value> attribute_of(const Value& value, std::string_view name, Heap& heap) {
  if (value.is<Undefined>())
    return Error{Errc::invalid_argument,
                 "\"" + std::string(name.substr(0, 64)) + "\" of a value that is undefined"};
  if (const auto* dict = value.dict()) {
    TRY_OK(heap.spend(1 + dict->entries.size() / 16));
    const Value* found = dict->find(name);
    return found == nullptr ? Value() : *found;
  }
  if (const auto* loop = value.find<const Loop*>()) return loop_attribute(**loop, name);
  return Value();
}

Result<Value> element_of(const Value& value, const Value& index, Heap& heap) {
  if (index.text() != nullptr) return attribute_of(value, index.text()->bytes(), heap);
  if (value.is<Undefined>()) return Error{Errc::invalid_argument, "an element of a value that is undefined"};
  const auto* position = index.find<std::int64_t>();
  if (position == nullptr || (value.list() == nullptr && value.text() == nullptr)) return Value();
  const auto resolved = [position](std::size_t size) -> std::optional<std::size_t> {
    const auto length = static_cast<std::int64_t>(size);
    if (*position < -length || *position >= length) return std::nullopt;
    return static_cast<std::size_t>(*position < 0 ? *position + length : *position);
  };
  if (const auto* list = value.list()) {
    const auto at = resolved(list->size());
    return at ? (*list)[*at] : Value();
  }
  TRY_OK(heap.spend_bytes(16 * value.text()->size()));
  const auto offsets = character_offsets(*value.text());
  const auto at = resolved(offsets.size() - 1);
  if (!at) return Value();
  return heap.text(value.text()->substr(offsets[*at], offsets[*at + 1] - offsets[*at]));
}

Result<Value> slice_of(const Value& value, const Value& begin, const Value& end, const Value& step,
                       Heap& heap) {
  if (const auto* list = value.list()) {
    TRY(const auto positions, slice_positions(list->size(), begin, end, step));
    List out;
    for (const std::size_t at : positions) out.push_back((*list)[at]);
    return heap.list(std::move(out));
  }
  if (const auto* text = value.text()) {
    TRY_OK(heap.spend_bytes(16 * text->size()));
    const auto offsets = character_offsets(*text);
    TRY(const auto positions, slice_positions(offsets.size() - 1, begin, end, step));
    MarkedText out;
    for (const std::size_t at : positions) out += text->substr(offsets[at], offsets[at + 1] - offsets[at]);
    return heap.text(std::move(out));
  }
  return unsupported("a slice", value);
}

Result<const List*> elements_of(const Value& value, Heap& heap) {
  if (const auto* list = value.list()) return list;
  List out;
  if (const auto* dict = value.dict()) {
    for (const auto& entry : dict->entries) out.emplace_back(&entry.first);
  } else if (const auto* text = value.text()) {
    TRY_OK(heap.spend(text->size()));
    const auto offsets = character_offsets(*text);
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
      TRY(const Value character, heap.text(text->substr(offsets[i], offsets[i + 1] - offsets[i])));
      out.push_back(character);
    }
  } else if (!value.is<Undefined>()) {
    return unsupported("elements", value);
  }
  TRY(const Value made, heap.list(std::move(out)));
  return made.list();
}

Result<bool> contains(const Value& container, const Value& element, Heap& heap) {
  if (const auto* text = container.text()) {
    if (element.text() == nullptr) return unsupported("\"in\" a text", element);
    TRY_OK(heap.spend_bytes(text->size() + element.text()->size()));
    return find_part(text->bytes(), element.text()->bytes(), 0) != std::string_view::npos;
  }
  if (const auto* dict = container.dict()) {
    TRY_OK(heap.spend(1 + dict->entries.size() / 16));
    return element.text() != nullptr && dict->find(element.text()->bytes()) != nullptr;
  }
  if (const auto* list = container.list()) {
    for (const Value& each : *list) {
      TRY(const bool is_same, is_equal(each, element, heap));
      if (is_same) return true;
    }
    return false;
  }
  if (container.is<Undefined>()) return false;
  return unsupported("\"in\"", container);
}

Result<Value> calculate(std::string_view symbol, const Value& a, const Value& b, Heap& heap) {
  const auto* integer_a = a.find<std::int64_t>();
  const auto* integer_b = b.find<std::int64_t>();
  if (integer_a != nullptr && integer_b != nullptr) return calculate_integers(symbol, *integer_a, *integer_b);
  if (symbol == "+" && a.text() != nullptr && b.text() != nullptr) {
    MarkedText out = *a.text();
    out += *b.text();
    return heap.text(std::move(out));
  }
  if (symbol == "+" && a.list() != nullptr && b.list() != nullptr) {
    List out = *a.list();
    out.insert(out.end(), b.list()->begin(), b.list()->end());
    return heap.list(std::move(out));
  }
  if (symbol == "*" && a.text() != nullptr && integer_b != nullptr)
    return repeated(*a.text(), *integer_b, heap);
  const auto float_a = as_float(a);
  const auto float_b = as_float(b);
  if (float_a && float_b) return calculate_floats(symbol, *float_a, *float_b);
  return Error{Errc::unsupported, "\"" + std::string(symbol) + "\" of values of types " +
                                      std::string(type_name(a)) + " and " + std::string(type_name(b))};
}

}  // namespace lyceum::model::chat
