#include "base/text/characters.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.hpp"

namespace lyceum {
namespace {

/// A longer run without a break is no word; it is cut here.
constexpr std::size_t kMaxRawWordBytes = 256;

/// Bytes of a separator that is common in running text (dashes, quotes, ellipsis, no-break space), so that
/// such text does not need ICU; 0 for anything else.
std::size_t separator_bytes(std::string_view text) {
  if (text.size() >= 3 && text[0] == '\xE2' && text[1] == '\x80') return 3;  // U+2000..U+203F
  if (text.size() >= 2 && text[0] == '\xC2') {  // U+0080..U+00BF, symbols but for three
    const char c = text[1];
    return c == '\xAA' || c == '\xB5' || c == '\xBA' ? 0 : 2;
  }
  return 0;
}

bool is_right_quote(std::string_view text) {
  return text.substr(0, 3) == "\xE2\x80\x99";
}

}  // namespace

std::size_t character_bytes(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(size, text.size() - at);
}

bool WordScanner::next() {
  word_.clear();
  is_ascii_ = true;
  while (position_ < text_.size()) {
    word_begin_ = position_;
    while (position_ < text_.size() && word_.size() < kMaxRawWordBytes) {
      if (!take_character() && !take_joiner()) break;
    }
    if (!word_.empty()) return true;
    position_ += std::max<std::size_t>(1, separator_bytes(text_.substr(position_)));
  }
  return false;
}

bool WordScanner::take_character() {
  const char c = text_[position_];
  if (!is_non_ascii(c)) {
    if (!is_ascii_letter(c) && !is_ascii_digit(c)) return false;
    word_ += ascii_lower(c);
    ++position_;
    return true;
  }
  if (separator_bytes(text_.substr(position_)) > 0) return false;
  const std::size_t size = character_bytes(text_, position_);
  word_.append(text_, position_, size);
  position_ += size;
  is_ascii_ = false;
  return true;
}

bool WordScanner::take_joiner() {
  if (word_.empty()) return false;
  const char before = text_[position_ - 1];
  const char c = text_[position_];
  const std::size_t size = is_right_quote(text_.substr(position_)) ? 3 : 1;
  const char after = at(position_ + size);
  if (c == '\'' || size == 3) {
    if (!is_ascii_letter(before) || !is_ascii_letter(after)) return false;
    word_ += '\'';
  } else if (c == '.' && is_ascii_digit(before) && is_ascii_digit(after)) {
    word_ += '.';
  } else if (c == '.' && is_ascii_letter(after)) {
    // An acronym: single letters, each with its point.
    const bool is_single = position_ - word_begin_ == 1 || text_[position_ - 2] == '.';
    if (!is_single || !is_ascii_letter(before) || is_ascii_letter(at(position_ + 2))) return false;
  } else if (c == ',' && is_ascii_digit(before)) {
    const bool is_group = is_ascii_digit(after) && is_ascii_digit(at(position_ + 2)) &&
                          is_ascii_digit(at(position_ + 3)) && !is_ascii_digit(at(position_ + 4));
    if (!is_group) return false;
  } else {
    return false;
  }
  position_ += size;
  return true;
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t size = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (size == 0 || text.size() - i < size) return false;
    for (std::size_t k = 1; k < size; ++k) {
      if (!is_continuation(text[i + k])) return false;
    }
    const auto second = static_cast<unsigned char>(text[i + 1]);
    const bool is_overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool is_surrogate = lead == 0xED && second > 0x9F;
    const bool is_beyond_unicode = lead == 0xF4 && second > 0x8F;
    if (is_overlong || is_surrogate || is_beyond_unicode) return false;
    i += size;
  }
  return true;
}

}  // namespace lyceum
