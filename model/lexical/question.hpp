#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/lexical/words.hpp"

namespace lyceum::model::lexical {

/// What kind of thing a question asks for, as its words tell it.
enum class AnswerType { any, name, time, number, place, reason, yes_no };

/// A word of the question that an answering passage should hold.
struct QuestionTerm {
  std::string stem{};
  double weight = 0;
  std::optional<WordVectors::Row> vector{};
  bool is_name_or_number = false;
};

struct Question {
  std::vector<Word> words{};
  std::vector<QuestionTerm> terms{};  ///< Distinct by stem, in order; without stop words and question words.
  double total_weight = 0;
  AnswerType answer_type = AnswerType::any;
  const WordVectors* vectors = nullptr;                   ///< The reader's
  std::set<std::pair<std::string, std::string>> pairs{};  ///< Neighbouring terms' stems.

  bool mentions(const std::string& stem) const;
};

Question read_question(std::string_view text, WordReader& reader);

bool is_preposition(std::string_view lower);

/// True when a word of `words` that the question does not already hold is of the kind asked for. True for
/// `any`.
bool holds_answer_type(const Question& question, const std::vector<Word>& words);

/// How well `kind` ("factoid", "definition", "list", "comparison", "explanation", "yes_no") fits; unknown
/// kinds get 0.
double fit_of_kind(const Question& question, std::string_view kind);

}  // namespace lyceum::model::lexical
