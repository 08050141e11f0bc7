#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace lyceum::model {

/// What evaluation asks and reads, to keep it out of training. A text is known when it shares 13 words in a
/// row with an evaluation text, or, being shorter, equals one (case and punctuation aside).
class TestTexts {
 public:
  static constexpr std::size_t kGramWords = 13;

  void add(std::string_view text);
  /// Adds every text of a row that is not a mere label. A list of words is one text.
  void add_row(const Json& row);
  /// To be called between adding and asking.
  void finish();

  bool knows(std::string_view text) const;

  std::size_t num_grams() const { return hashes_.size(); }

 private:
  std::vector<std::uint64_t> hashes_{};
  /// By the low bits of a hash: most texts are told to be unknown from here, in one look.
  std::vector<bool> filter_{};
};

}  // namespace lyceum::model
