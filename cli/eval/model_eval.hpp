#pragma once

#include <string>
#include <vector>

#include "base/async/task.hpp"
#include "base/json.hpp"
#include "model/language_model.hpp"

namespace lyceum::cli {

struct ModelEvalOptions {
  std::string data{};                ///< Folder of sets (qa-squad, fc-fever, …).
  std::size_t limit = 300;           ///< Cases a task.
  std::vector<std::string> tasks{};  ///< Those whose names begin with one of these; empty: all.
};

/// A column of the report.
struct EvaluatedModel {
  std::string name{};
  model::LanguageModel* model = nullptr;
};

/// Asks every model every case of every task whose set is present, and reports {"data", "limit", "tasks":
/// {name: {"cases", column: figures}}, "absent": [task]}. Columns are the models' names and, of choices,
/// "majority" and "chance"; of retrieval, "bm25". Errors: those of reading and of the models' verbs.
Task<Result<Json>> evaluate_model(ModelEvalOptions options, std::vector<EvaluatedModel> models);

/// How telling a word is among the passages of the sets that are present, for a model that asks for it.
Result<std::function<double(std::string_view word)>> word_weights_blocking(const std::string& data);

/// The report as a table for a terminal.
std::string to_table(const Json& report);

}  // namespace lyceum::cli
