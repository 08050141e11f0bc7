#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lyceum::agents {

/// A word of a question that says what it is about.
struct Term {
  std::string word{};  ///< As written.
  std::string stem{};  ///< As the index has it.
};

/// The words without stop words, distinct by stem, in order.
std::vector<Term> key_terms(std::string_view text);

/// Key terms of `question` whose stems stand in none of `texts`, as written.
std::vector<std::string> missing_terms(std::string_view question, const std::vector<std::string>& texts);

/// The key terms' stems in order of the alphabet: the same for questions that differ only in how they ask.
std::string topic_of(std::string_view question);

/// Share of `statement`'s key terms that stand in `texts`, 0..1; 1 for a statement without any.
double support_of(std::string_view statement, const std::vector<std::string>& texts);

/// ASCII letters in lower case; other bytes stay.
std::string to_lower_ascii(std::string_view text);

/// Runs of white space become one blank; none at the ends.
std::string squeeze_blanks(std::string_view text);

/// At most `size_bytes_max` bytes, cut at a character's border and marked with an ellipsis.
std::string clip(std::string_view text, std::size_t size_bytes_max);

}  // namespace lyceum::agents
