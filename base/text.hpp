#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lyceum {

/// A byte range in a text.
struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The index terms of a text, in order: lower case, stemmed (Snowball English), stop words kept. Pure; the same for
/// documents, queries and the lexical model. ASCII runs are split by hand, other scripts by ICU word breaks.
std::vector<std::string> index_terms(std::string_view text);

/// True for words that carry no subject ("the", "which").
bool is_stop_word(std::string_view lower_case_word);

/// Splits at sentence ends (abbreviations, initials and decimals are not ends), at blank lines and at list items. Ranges
/// are in order, do not overlap, and carry no surrounding white space. Pure.
std::vector<TextRange> split_sentences(std::string_view text);

/// True for well-formed UTF-8 (Unicode 15, table 3-7).
bool is_utf8(std::string_view text);

}  // namespace lyceum
