#include "model/tokenizer/character_map.hpp"

#include <algorithm>
#include <cstring>

namespace lyceum::model {
namespace {

/// Published maps replace a few characters by at most 33 bytes (U+FDFA).
constexpr std::size_t kMaxMatchBytes = 64;
constexpr std::size_t kMaxReplacementBytes = 64;

std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

bool has_leaf(std::uint32_t unit) {
  return ((unit >> 8U) & 1U) != 0;
}

std::uint32_t value_of(std::uint32_t unit) {
  return unit & 0x7FFFFFFFU;
}

/// The byte that leads to this unit; above 255 for a leaf.
std::uint32_t label_of(std::uint32_t unit) {
  return unit & 0x800000FFU;
}

std::size_t offset_of(std::uint32_t unit) {
  return std::size_t{unit >> 10U} << ((unit & 0x200U) >> 6U);
}

Error malformed(const std::string& expected) {
  return {Errc::malformed, "precompiled_charsmap: expected " + expected};
}

}  // namespace

Result<CharacterMap> CharacterMap::parse(std::string_view bytes) {
  if (bytes.size() > kMaxCharacterMapBytes)
    return malformed("at most " + std::to_string(kMaxCharacterMapBytes) + " bytes");
  if (bytes.size() < sizeof(std::uint32_t)) return malformed("the size of its trie in 4 bytes");
  const std::size_t trie_bytes = u32_at(bytes, 0);
  bytes.remove_prefix(sizeof(std::uint32_t));
  if (trie_bytes == 0 || trie_bytes > bytes.size() || trie_bytes % sizeof(std::uint32_t) != 0)
    return malformed("a trie of 4-byte units within its " + std::to_string(bytes.size()) + " bytes, found " +
                     std::to_string(trie_bytes));
  CharacterMap map;
  for (std::size_t at = 0; at < trie_bytes; at += sizeof(std::uint32_t))
    map.units_.push_back(u32_at(bytes, at));
  map.texts_ = bytes.substr(trie_bytes);
  std::size_t begin = 0;
  while (begin < map.texts_.size()) {
    const std::size_t end = map.texts_.find('\0', begin);
    if (end == std::string::npos || end - begin > kMaxReplacementBytes)
      return malformed("texts that end with a zero after at most " + std::to_string(kMaxReplacementBytes) +
                       " bytes");
    begin = end + 1;
  }
  return map;
}

std::optional<CharacterMap::Match> CharacterMap::longest(std::string_view text) const {
  std::optional<Match> best;
  std::size_t at = offset_of(units_[0]);
  for (std::size_t i = 0; i < std::min(text.size(), kMaxMatchBytes); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    at ^= byte;
    if (byte == 0 || at >= units_.size() || label_of(units_[at]) != byte) break;
    const std::uint32_t unit = units_[at];
    at ^= offset_of(unit);
    if (!has_leaf(unit)) continue;
    if (at >= units_.size() || value_of(units_[at]) >= texts_.size()) break;
    best = {.replacement = texts_.c_str() + value_of(units_[at]), .num_bytes = i + 1};
  }
  return best;
}

}  // namespace lyceum::model
