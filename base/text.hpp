#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lyceum {

/// Longer index terms are cut.
inline constexpr std::size_t kMaxTermBytes = 64;

/// A byte range in a text.
struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The index terms of a text, in order: lower case, stemmed (Snowball English), stop words kept. Pure; the
/// same for documents, queries and the lexical model. ASCII runs are split by hand, other scripts by ICU word
/// breaks. An apostrophe inside a word and a decimal point stay; "U.S." becomes "us" and "1,000" becomes
/// "1000".
std::vector<std::string> index_terms(std::string_view text);

/// `word` is the lower-case form, to ask is_stop_word with; `term` its stem. Both are valid during the call
/// only.
using TermVisitor = std::function<void(std::string_view word, std::string_view term)>;
/// index_terms without the copies. About 30 MB/s on a core.
void visit_index_terms(std::string_view text, const TermVisitor& visit);

/// True for words that carry no subject ("the", "which").
bool is_stop_word(std::string_view lower_case_word);

/// Splits at sentence ends (abbreviations, initials and decimals are not ends), at blank lines, headings and
/// list items. Ranges are in order, do not overlap, and carry no surrounding white space. Pure.
std::vector<TextRange> split_sentences(std::string_view text);

/// True for well-formed UTF-8 (Unicode 15, table 3-7).
bool is_utf8(std::string_view text);

}  // namespace lyceum
