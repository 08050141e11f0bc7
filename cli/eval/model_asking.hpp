#pragma once

#include <vector>

#include "base/async/task.hpp"
#include "base/json.hpp"
#include "cli/eval/model_cases.hpp"
#include "model/language_model.hpp"

/// Asks a model the cases of one task and sums up its answers. The arguments must outlive the tasks.
namespace lyceum::cli {

/// {"accuracy", "macro_f1", "ece", "ms"}
Task<Result<Json>> ask_choices(model::LanguageModel& model, const std::vector<ChoiceCase>& cases);
/// "majority": the commonest right label, where it is offered; "chance": the share of right guesses.
void add_choice_baselines(const std::vector<ChoiceCase>& cases, Json& report);

/// The best quote of a passage as one source, and of its sentences as sources of their own:
/// {"first_quote_holds_answer", "quote_bytes", "sentence_accuracy", "quoted", "quoted_foreign",
/// "abstention_auc", "ms"}
Task<Result<Json>> ask_evidence(model::LanguageModel& model, const std::vector<PassageCase>& cases);
/// deep_search.relevant of every sentence by itself: {"sentence_accuracy" of the most relevant one, "auc" of
/// those that hold the answer against the others, "ms"}
Task<Result<Json>> ask_relevance(model::LanguageModel& model, const std::vector<PassageCase>& cases);
/// {"majority": of the first sentence, "chance"}
Json evidence_chance(const std::vector<PassageCase>& cases);
/// {"exact_match", "f1", "quoted", "quoted_foreign"?, "ms"}
Task<Result<Json>> ask_spans(model::LanguageModel& model, const std::vector<PassageCase>& cases);

/// One row a query, one score a document.
using Scores = std::vector<std::vector<double>>;

/// BM25's.
Scores lexical_scores(const RetrievalSet& set);
/// {"ndcg_at_10", "recall_at_10"}
Json retrieval_figures(const RetrievalSet& set, const Scores& scores);
/// Those of the model's vectors alone, and of "fused" with `lexical`.
Task<Result<Json>> ask_retrieval(model::LanguageModel& model, const RetrievalSet& set, const Scores& lexical);

}  // namespace lyceum::cli
