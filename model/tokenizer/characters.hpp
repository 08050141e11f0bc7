#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lyceum::model {

/// Unicode's general category, as far as pre-tokenizers ask for it.
enum class CharacterClass : std::uint8_t { letter, mark, number, punctuation, symbol, space, other };

/// One character of a text. A byte that is not part of well-formed UTF-8 is a symbol of its own, as the
/// replacement character is, so that its bytes are kept.
struct Character {
  char32_t value = 0;
  CharacterClass kind = CharacterClass::other;
  std::uint8_t num_bytes = 1;
};

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

/// The character at the front of a text that is not empty. kReplacementCharacter and 1 byte when malformed.
Character first_character(std::string_view text);

std::vector<Character> characters_of(std::string_view text);

void append_utf8(char32_t value, std::string& out);

}  // namespace lyceum::model
