#include "model/tokenizer/characters.hpp"

#include <array>

#include <unicode/uchar.h>

namespace lyceum::model {
namespace {

CharacterClass class_of(char32_t value) {
  const auto code = static_cast<UChar32>(value);
  if (u_isUWhiteSpace(code)) return CharacterClass::space;
  const std::uint32_t mask = U_MASK(u_charType(code));
  if ((mask & U_GC_L_MASK) != 0) return CharacterClass::letter;
  if ((mask & U_GC_M_MASK) != 0) return CharacterClass::mark;
  if ((mask & U_GC_N_MASK) != 0) return CharacterClass::number;
  if ((mask & U_GC_P_MASK) != 0) return CharacterClass::punctuation;
  if ((mask & U_GC_S_MASK) != 0) return CharacterClass::symbol;
  return CharacterClass::other;
}

const std::array<CharacterClass, 128>& ascii_classes() {
  static const auto classes = [] {
    std::array<CharacterClass, 128> all{};
    for (char32_t value = 0; value < all.size(); ++value) all[value] = class_of(value);
    return all;
  }();
  return classes;
}

struct Lead {
  std::size_t num_bytes = 0;  ///< 0: no lead byte.
  char32_t bits = 0;
  char32_t smallest = 0;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, byte, 0};
  if (byte >= 0xC2 && byte < 0xE0) return {2, byte & 0x1FU, 0x80};
  if (byte >= 0xE0 && byte < 0xF0) return {3, byte & 0x0FU, 0x800};
  if (byte >= 0xF0 && byte < 0xF5) return {4, byte & 0x07U, 0x10000};
  return {};
}

}  // namespace

Character first_character(std::string_view text) {
  const auto byte_at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  constexpr Character kMalformed{kReplacementCharacter, CharacterClass::symbol, 1};
  const Lead lead = lead_of(byte_at(0));
  if (lead.num_bytes == 0 || lead.num_bytes > text.size()) return kMalformed;
  if (lead.num_bytes == 1) return {lead.bits, ascii_classes()[lead.bits], 1};
  char32_t value = lead.bits;
  for (std::size_t i = 1; i < lead.num_bytes; ++i) {
    if ((byte_at(i) & 0xC0U) != 0x80U) return kMalformed;
    value = (value << 6U) | (byte_at(i) & 0x3FU);
  }
  const bool is_surrogate = value >= 0xD800 && value < 0xE000;
  if (value < lead.smallest || is_surrogate || value > 0x10FFFF) return kMalformed;
  return {value, class_of(value), static_cast<std::uint8_t>(lead.num_bytes)};
}

std::vector<Character> characters_of(std::string_view text) {
  std::vector<Character> all;
  all.reserve(text.size());
  while (!text.empty()) {
    all.push_back(first_character(text));
    text.remove_prefix(all.back().num_bytes);
  }
  return all;
}

void append_utf8(char32_t value, std::string& out) {
  const auto add = [&out](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (value < 0x80) {
    add(value);
  } else if (value < 0x800) {
    add(0xC0U | (value >> 6U));
    add(0x80U | (value & 0x3FU));
  } else if (value < 0x10000) {
    add(0xE0U | (value >> 12U));
    add(0x80U | ((value >> 6U) & 0x3FU));
    add(0x80U | (value & 0x3FU));
  } else {
    add(0xF0U | (value >> 18U));
    add(0x80U | ((value >> 12U) & 0x3FU));
    add(0x80U | ((value >> 6U) & 0x3FU));
    add(0x80U | (value & 0x3FU));
  }
}

}  // namespace lyceum::model
