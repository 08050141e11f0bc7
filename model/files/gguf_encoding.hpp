#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "model/files/gguf.hpp"

/// How values stand in a GGUF file. Each function appends to `out`.
namespace lyceum::model::gguf_encoding {

template <class T>
void append(T value, std::string& out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

inline void append_type(GgufType type, std::string& out) {
  append(static_cast<std::uint32_t>(type), out);
}

inline void append_text(std::string_view text, std::string& out) {
  append(static_cast<std::uint64_t>(text.size()), out);
  out += text;
}

inline void append_array_head(GgufType type, std::size_t count, std::string& out) {
  append_type(type, out);
  append(static_cast<std::uint64_t>(count), out);
}

/// Without its type.
void append_value(const GgufValue& value, std::string& out);

}  // namespace lyceum::model::gguf_encoding
