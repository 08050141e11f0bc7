#pragma once

#include <string>

#include "model/curriculum/passages.hpp"

namespace lyceum::model {

/// deep_search.sub_questions, and deep_search.question_kind, from sets with a decomposition: StrategyQA's
/// ("decomposition" of texts), MuSiQue's ("question_decomposition") or 2Wiki's ("evidences").
Result<void> add_decompositions_blocking(Building& building, const std::string& files, std::size_t passes);

/// deep_search.question_kind by the form of the question, deep_search.sub_questions for questions that need
/// none, deep_search.queries, deep_search.answer and deep_search.conflict, from questions with passages.
Result<void> add_question_work(Building& building, const PassageSet& set, std::size_t passes);

}  // namespace lyceum::model
