#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer/vocabulary.hpp"

/// What both kinds of SentencePiece vocabulary, pairs and unigrams, have in common.
namespace lyceum::model {

/// U+2581 stands for a blank in the pieces.
inline constexpr std::string_view kBlankMark = "\xE2\x96\x81";

std::string with_blank_marks(std::string_view text);
std::string with_blanks(std::string_view text);

/// Tokens that stand for one byte each, by its value.
using ByteTokens = std::array<std::optional<TokenId>, 256>;

/// Sets the bytes of those tokens in the vocabulary. malformed when a byte has no token and there is no
/// unknown token either.
Result<ByteTokens> load_byte_tokens(const GgufFile& file, Vocabulary& vocabulary);

/// One a token; NaN is malformed.
Result<std::vector<float>> load_scores(const GgufFile& file, const Vocabulary& vocabulary);

}  // namespace lyceum::model
