#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lyceum::cli {

struct EvalParagraph {
  std::string title{};
  std::string text{};
};

struct EvalQuestion {
  std::string question{};
  std::vector<std::string> answers{};      ///< Any of them counts.
  std::vector<std::string> gold_titles{};  ///< Paragraphs that a person needed; may be empty.
};

struct QuestionSet {
  std::vector<EvalParagraph> paragraphs{};  ///< Distinct by text.
  std::vector<EvalQuestion> questions{};
};

/// Reads every .jsonl and .jsonl.xz file of a folder, in the forms of SQuAD ("context", "answers"), HotpotQA
/// ("context" pairs or "gold_titles" over a corpus of "title" and "text") and MuSiQue ("paragraphs").
/// Paragraphs come from all files, questions from those whose names begin with "dev" or "test" (split "test")
/// or with "train". Errors: not_found, malformed (names file and line), too_large.
Result<QuestionSet> load_question_set_blocking(const std::string& folder, const std::string& split);

/// SQuAD's normalisation: lower case, punctuation and articles removed, blanks squeezed.
std::string normalise_answer(std::string_view text);

}  // namespace lyceum::cli
