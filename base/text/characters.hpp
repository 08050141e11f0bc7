#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lyceum {

constexpr bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_ascii_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr bool is_ascii_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_non_ascii(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

constexpr bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Bytes of the UTF-8 character at `at`, never past the text's end; 1 for a stray byte.
std::size_t character_bytes(std::string_view text, std::size_t at);

/// Walks the raw words of a text. ASCII letters come out in lower case; other characters as they are. A word
/// keeps an apostrophe between letters ("burney's") and a point between digits ("3.14"), and loses the commas
/// of thousands
/// ("1,000") and the points of an acronym ("U.S.").
class WordScanner {
 public:
  explicit WordScanner(std::string_view text) : text_(text) {}

  /// Moves to the next word; false at the end.
  bool next();

  const std::string& word() const { return word_; }

  bool is_ascii() const { return is_ascii_; }

 private:
  bool take_character();
  bool take_joiner();

  char at(std::size_t index) const { return index < text_.size() ? text_[index] : '\0'; }

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t word_begin_ = 0;
  std::string word_;
  bool is_ascii_ = true;
};

}  // namespace lyceum
