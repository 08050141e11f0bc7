#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/tokenizer/vocabulary.hpp"

namespace lyceum::model {

/// Finds tokens that are not made of words: special ones and added white space. Borrows the vocabulary.
class AddedTokens {
 public:
  explicit AddedTokens(const Vocabulary& vocabulary);

  /// A token, or where there is none, text between tokens.
  struct Fragment {
    std::string_view text{};
    std::optional<TokenId> token{};
  };

  /// Special tokens are found in the runs that may hold them, which hold them whole; the runs add up to the
  /// text. The leftmost token first, the longest of those that begin there. Time is linear in the text, times
  /// the number of different lengths of tokens that begin with a byte of it.
  std::vector<Fragment> split(std::string_view text, std::span<const TextRun> runs) const;

 private:
  struct Matcher {
    std::unordered_map<std::string_view, TokenId> tokens{};
    /// By first byte, longest first.
    std::array<std::vector<std::size_t>, 256> lengths{};

    void add(std::string_view text, TokenId token);
    std::optional<Fragment> match(std::string_view text) const;
  };

  std::optional<Fragment> match(std::string_view text, std::size_t num_special_bytes) const;

  Matcher spaces_{};
  Matcher all_{};
};

}  // namespace lyceum::model
