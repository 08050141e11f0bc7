#include "model/decoding/character_set.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "model/tokenizer/characters.hpp"

namespace lyceum::model {
namespace {

constexpr char32_t kLast = 0x10FFFF;
constexpr char32_t kFirstSurrogate = 0xD800;
constexpr char32_t kLastSurrogate = 0xDFFF;

/// Splits first..last, both of `num_bytes` bytes, until all but the leading differing byte run over all their
/// values.
void split_utf8(char32_t first, char32_t last, std::size_t num_bytes, std::vector<ByteRanges>& out) {
  for (std::size_t i = 1; i < num_bytes; ++i) {
    const char32_t low = (char32_t{1} << (6 * i)) - 1;
    if ((first & ~low) == (last & ~low)) continue;
    if ((first & low) != 0) {
      split_utf8(first, first | low, num_bytes, out);
      split_utf8((first | low) + 1, last, num_bytes, out);
      return;
    }
    if ((last & low) != low) {
      split_utf8(first, (last & ~low) - 1, num_bytes, out);
      split_utf8(last & ~low, last, num_bytes, out);
      return;
    }
  }
  std::string a;
  std::string b;
  append_utf8(first, a);
  append_utf8(last, b);
  LYCEUM_CHECK(a.size() == num_bytes && b.size() == num_bytes);
  ByteRanges row;
  for (std::size_t i = 0; i < num_bytes; ++i) {
    row.push_back({.first = static_cast<unsigned char>(a[i]), .last = static_cast<unsigned char>(b[i])});
  }
  out.push_back(std::move(row));
}

}  // namespace

CharacterSet CharacterSet::all() {
  return CharacterSet().add(0, kLast);
}

CharacterSet& CharacterSet::add(char32_t first, char32_t last) {
  LYCEUM_CHECK(first <= last && last <= kLast);
  added_.emplace_back(first, last);
  return *this;
}

CharacterSet& CharacterSet::add(const CharacterSet& other) {
  added_.insert(added_.end(), other.added_.begin(), other.added_.end());
  return *this;
}

bool CharacterSet::contains(char32_t value) const {
  return std::any_of(added_.begin(), added_.end(),
                     [value](const Range& range) { return value >= range.first && value <= range.second; });
}

CharacterSet CharacterSet::complement() const {
  CharacterSet result;
  char32_t next = 0;
  for (const auto& [first, last] : ranges()) {
    if (first > next) result.add(next, first - 1);
    next = last + 1;
  }
  if (next <= kLast) result.add(next, kLast);
  return result;
}

std::vector<CharacterSet::Range> CharacterSet::ranges() const {
  std::vector<Range> parts;
  for (const auto& [first, last] : added_) {
    if (first < kFirstSurrogate) parts.emplace_back(first, std::min<char32_t>(last, kFirstSurrogate - 1));
    if (last > kLastSurrogate) parts.emplace_back(std::max<char32_t>(first, kLastSurrogate + 1), last);
  }
  std::sort(parts.begin(), parts.end());
  std::vector<Range> merged;
  for (const auto& [first, last] : parts) {
    if (!merged.empty() && first <= merged.back().second + 1) {
      merged.back().second = std::max(merged.back().second, last);
    } else {
      merged.emplace_back(first, last);
    }
  }
  return merged;
}

std::vector<ByteRanges> utf8_ranges(const CharacterSet& characters) {
  constexpr char32_t kLastOfLength[] = {0x7F, 0x7FF, 0xFFFF, kLast};
  std::vector<ByteRanges> out;
  for (auto [first, last] : characters.ranges()) {
    for (std::size_t i = 0; i < 4 && first <= last; ++i) {
      if (first > kLastOfLength[i]) continue;
      const char32_t end = std::min(last, kLastOfLength[i]);
      split_utf8(first, end, i + 1, out);
      first = end + 1;
    }
  }
  return out;
}

std::u32string to_characters(const std::string& text) {
  std::u32string out;
  for (const Character& character : characters_of(text)) out += character.value;
  return out;
}

}  // namespace lyceum::model
