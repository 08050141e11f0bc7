#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer/characters.hpp"

namespace lyceum::model {

/// The length in characters of the match that begins at `at`, 0 for none. Asked at every position of a piece
/// in turn, but for those that a match took.
using Scanner = std::size_t (*)(std::span<const Character> text, std::size_t at);

/// How a text is cut into words before byte pairs are merged within them. Every stage cuts the pieces of the
/// one before it: each match is a piece, and so is what lies between matches.
struct PreTokenizer {
  std::vector<Scanner> stages{};
  /// A word that is a token is taken whole, without merging.
  bool takes_whole_words = false;
};

/// By the name in tokenizer.ggml.pre; nothing for an unknown one.
std::optional<PreTokenizer> find_pre_tokenizer(std::string_view name);
/// For messages: "default, gpt-2, …".
std::string pre_tokenizer_names();

/// The words, in order and without gaps. Time is linear in the text.
std::vector<std::string_view> split_words(const PreTokenizer& pre_tokenizer, std::string_view text);

}  // namespace lyceum::model
