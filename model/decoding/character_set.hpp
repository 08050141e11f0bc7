#pragma once

#include <string>
#include <utility>
#include <vector>

namespace lyceum::model {

/// A set of Unicode characters as ranges. Surrogates are not characters and drop out where it counts.
class CharacterSet {
 public:
  using Range = std::pair<char32_t, char32_t>;  ///< First and last

  static CharacterSet all();

  CharacterSet& add(char32_t first, char32_t last);

  CharacterSet& add(char32_t value) { return add(value, value); }

  CharacterSet& add(const CharacterSet& other);

  bool contains(char32_t value) const;
  CharacterSet complement() const;

  /// In order, neither overlapping nor adjacent, without surrogates.
  std::vector<Range> ranges() const;

  bool empty() const { return ranges().empty(); }

 private:
  std::vector<Range> added_{};
};

/// Characters first..last as one sequence of byte ranges a row, as UTF-8 writes them.
struct ByteRange {
  unsigned char first = 0;
  unsigned char last = 0;
};

using ByteRanges = std::vector<ByteRange>;
std::vector<ByteRanges> utf8_ranges(const CharacterSet& characters);

/// The characters of well-formed UTF-8.
std::u32string to_characters(const std::string& text);

}  // namespace lyceum::model
