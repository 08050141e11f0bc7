#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace lyceum::model {

/// A question and its answer as a statement, where the form of the question allows it: "Who wrote it?" and
/// "Ann" give "Ann wrote it."
std::optional<std::string> statement_of(std::string_view question, std::string_view answer);

enum class AnswerShape : unsigned char { number, name, words };

AnswerShape shape_of(std::string_view answer);

/// Runs of capitalised words that do not begin a sentence, and numbers: what an altered copy may exchange.
std::vector<TextRange> names_in(std::string_view sentence);
std::vector<TextRange> numbers_in(std::string_view sentence);

/// "is" to "is not", "did not" to "did", …; nothing when the sentence has no such verb.
std::optional<std::string> negated(std::string_view sentence);

}  // namespace lyceum::model
