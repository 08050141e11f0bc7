#include "model/files/gguf_encoding.hpp"

#include <algorithm>
#include <type_traits>
#include <variant>

namespace lyceum::model::gguf_encoding {
namespace {

/// The stored form of a number that was widened when it was read.
template <class Wide>
void append_number(GgufType type, Wide value, std::string& out) {
  switch (type) {
    case GgufType::u8:
    case GgufType::boolean:
      return append(static_cast<std::uint8_t>(value), out);
    case GgufType::i8:
      return append(static_cast<std::int8_t>(value), out);
    case GgufType::u16:
      return append(static_cast<std::uint16_t>(value), out);
    case GgufType::i16:
      return append(static_cast<std::int16_t>(value), out);
    case GgufType::u32:
      return append(static_cast<std::uint32_t>(value), out);
    case GgufType::i32:
      return append(static_cast<std::int32_t>(value), out);
    case GgufType::u64:
      return append(static_cast<std::uint64_t>(value), out);
    case GgufType::i64:
      return append(static_cast<std::int64_t>(value), out);
    case GgufType::f32:
      return append(static_cast<float>(value), out);
    case GgufType::f64:
      return append(static_cast<double>(value), out);
    case GgufType::string:
    case GgufType::array:
      return;
  }
}

void append_array(const GgufArray& array, std::string& out) {
  append_array_head(array.element_type, array.size(), out);
  const auto append_element = [&out, &array]<class Element>(const Element& element) {
    if constexpr (std::is_same_v<Element, std::string_view>) {
      append_text(element, out);
    } else if constexpr (std::is_same_v<Element, GgufArray>) {
      append_array(element, out);
    } else {
      append_number(array.element_type, element, out);
    }
  };
  std::visit([&](const auto& elements) { std::ranges::for_each(elements, append_element); }, array.elements);
}

}  // namespace

void append_value(const GgufValue& value, std::string& out) {
  const auto append_held = [&out, &value]<class Held>(const Held& held) {
    if constexpr (std::is_same_v<Held, std::string_view>) {
      append_text(held, out);
    } else if constexpr (std::is_same_v<Held, GgufArray>) {
      append_array(held, out);
    } else {
      append_number(value.type, held, out);
    }
  };
  std::visit(append_held, value.value);
}

}  // namespace lyceum::model::gguf_encoding
