#include <cstring>

#include <unicode/uchar.h>

#include "model/chat/builtins.hpp"
#include "model/tokenizer/characters.hpp"

namespace lyceum::model::chat {

MarkedText stripped(const MarkedText& text, std::string_view characters, bool left, bool right) {
  const std::string_view bytes = text.bytes();
  const std::size_t begin = left ? bytes.find_first_not_of(characters) : 0;
  if (begin == std::string_view::npos) return {};
  const std::size_t last = right ? bytes.find_last_not_of(characters) : bytes.size() - 1;
  if (last == std::string_view::npos || bytes.empty()) return {};
  return text.substr(begin, last + 1 - begin);
}

MarkedText with_case(const MarkedText& text, bool is_upper) {
  MarkedText out;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = first_character(text.bytes().substr(at));
    const bool is_malformed = character.value == kReplacementCharacter;
    const auto code = static_cast<UChar32>(character.value);
    std::string bytes;
    if (is_malformed) {
      bytes = text.bytes().substr(at, character.num_bytes);
    } else {
      append_utf8(static_cast<char32_t>(is_upper ? u_toupper(code) : u_tolower(code)), bytes);
    }
    out.append(bytes, text.is_trusted(at));
    at += character.num_bytes;
  }
  return out;
}

std::size_t find_part(std::string_view text, std::string_view part, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const void* const found = ::memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

Result<MarkedText> replaced(const MarkedText& text, std::string_view from, const MarkedText& to,
                            std::int64_t count_max, Heap& heap) {
  TRY_OK(heap.spend_bytes(text.size()));
  if (from.empty()) return Error{Errc::unsupported, "replacing an empty text"};
  MarkedText out;
  std::size_t at = 0;
  for (std::int64_t count = 0; count_max < 0 || count < count_max; ++count) {
    const std::size_t found = find_part(text.bytes(), from, at);
    if (found == std::string_view::npos) break;
    TRY_OK(heap.spend_bytes(to.size()));
    if (out.size() > Heap::kMaxBytes) return Error{Errc::too_large, "the replaced text is too long"};
    out += text.substr(at, found - at);
    out += to;
    at = found + from.size();
  }
  out += text.substr(at);
  return out;
}

}  // namespace lyceum::model::chat
