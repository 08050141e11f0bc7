#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/async/blocking_pool.hpp"
#include "base/json.hpp"
#include "memory/store.hpp"
#include "model/language_model.hpp"

namespace lyceum::cli {

struct DeepSearchEvalOptions {
  std::string data{};          ///< Folder with paragraphs and questions (cli/eval/question_set.hpp).
  std::string unanswerable{};  ///< Folder whose questions are asked of the paragraphs of `data`; empty: none.
  std::string split = "test";  ///< "test" or "train": which files' questions are asked.
  std::size_t limit = 500;     ///< Questions, spread evenly over the files.
  bool is_direct = false;      ///< Without a planner: no event log between agents and model.
};

/// Makes the model that answers; the store is the evaluation's own.
using ModelMaker =
    std::function<std::unique_ptr<model::LanguageModel>(memory::Store& store, BlockingPool& pool)>;

/// Ingests all paragraphs into a temporary store, asks the questions one after another and reports:
/// {"paragraphs", "ingest_s", "answerable": Figures, "unanswerable"?: Figures}; Figures: {"questions",
/// "not_found_rate", "ms": {"mean", "p50", "p95"}} and, of answerable ones, "answer_in_5_quotes" (over
/// questions whose answer is not yes or no), "gold_title_recall" (share of gold titles among the titles of
/// all evidence kept). Errors: those of loading, ingesting and asking.
Result<Json> evaluate_deep_search_blocking(const DeepSearchEvalOptions& options,
                                           const ModelMaker& make_model);

/// The report as a few lines for a terminal.
std::string to_text(const Json& report);

}  // namespace lyceum::cli
