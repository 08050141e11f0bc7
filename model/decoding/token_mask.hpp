#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

/// A set of tokens, one bit each. Ids outside the vocabulary are not in it and may not be set.
class TokenMask {
 public:
  TokenMask() = default;

  explicit TokenMask(std::size_t vocab_size) : size_(vocab_size), words_((vocab_size + 63) / 64) {}

  std::size_t vocab_size() const { return size_; }

  void set(TokenId token) { words_[word_of(token)] |= bit_of(token); }

  void clear(TokenId token) { words_[word_of(token)] &= ~bit_of(token); }

  bool test(TokenId token) const {
    return token >= 0 && static_cast<std::size_t>(token) < size_ &&
           (words_[word_of(token)] & bit_of(token)) != 0;
  }

  bool empty() const {
    for (const std::uint64_t word : words_) {
      if (word != 0) return false;
    }
    return true;
  }

  std::size_t count() const {
    std::size_t total = 0;
    for (const std::uint64_t word : words_) total += static_cast<std::size_t>(std::popcount(word));
    return total;
  }

  /// In the order of the ids; costs a word for every 64 tokens and one call for each in the set.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
        visit(static_cast<TokenId>(i * 64 + static_cast<std::size_t>(std::countr_zero(word))));
      }
    }
  }

  /// Token 64 i + b is bit b of word i; bits past the vocabulary are 0.
  std::span<const std::uint64_t> words() const { return words_; }

  friend bool operator==(const TokenMask&, const TokenMask&) = default;

 private:
  static std::size_t word_of(TokenId token) { return static_cast<std::size_t>(token) / 64; }

  static std::uint64_t bit_of(TokenId token) {
    return std::uint64_t{1} << (static_cast<std::size_t>(token) % 64);
  }

  std::size_t size_ = 0;
  std::vector<std::uint64_t> words_{};
};

}  // namespace lyceum::model
