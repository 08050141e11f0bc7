#include "cli/eval/model_eval.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>

#include "base/text.hpp"
#include "cli/eval/model_asking.hpp"
#include "cli/eval/model_cases.hpp"
#include "model/lexical_index.hpp"

namespace lyceum::cli {
namespace {

using ChoiceLoader = std::function<Result<std::vector<ChoiceCase>>(const std::string&, std::size_t)>;
using PassageLoader = std::function<Result<std::vector<PassageCase>>(const std::string&, std::size_t)>;
using PassageAsker = Task<Result<Json>> (*)(model::LanguageModel&, const std::vector<PassageCase>&);
using RetrievalLoader = std::function<Result<RetrievalSet>(const std::string&, std::size_t)>;

/// One task's evaluation: reads its cases, asks all models and fills its part of the report.
class Evaluation {
 public:
  Evaluation(ModelEvalOptions options, std::vector<EvaluatedModel> models)
      : options_(std::move(options)), models_(std::move(models)) {}

  Task<Result<void>> choose(std::string name, ChoiceLoader load) {
    if (!wants(name)) co_return ok();
    const auto cases = load(options_.data, options_.limit);
    if (!cases) co_return note_absent(name, cases.error());
    Json& report = begin(name, cases->size());
    add_choice_baselines(*cases, report);
    for (const EvaluatedModel& column : models_) {
      CO_TRY(report[column.name], co_await ask_choices(*column.model, *cases));
    }
    co_return ok();
  }

  Task<Result<void>> read(std::string name, PassageLoader load, PassageAsker ask, bool has_chance) {
    if (!wants(name)) co_return ok();
    const auto cases = load(options_.data, options_.limit);
    if (!cases) co_return note_absent(name, cases.error());
    Json& report = begin(name, cases->size());
    if (has_chance) report.update(evidence_chance(*cases));
    for (const EvaluatedModel& column : models_) {
      CO_TRY(report[column.name], co_await ask(*column.model, *cases));
    }
    co_return ok();
  }

  Task<Result<void>> retrieve(std::string name, RetrievalLoader load) {
    if (!wants(name)) co_return ok();
    const auto set = load(options_.data, options_.limit);
    if (!set) co_return note_absent(name, set.error());
    Json& report = begin(name, set->queries.size());
    const Scores lexical = lexical_scores(*set);
    report["bm25"] = retrieval_figures(*set, lexical);
    for (const EvaluatedModel& column : models_) {
      if (!column.model->info().capabilities.embeds) continue;
      CO_TRY(report[column.name], co_await ask_retrieval(*column.model, *set, lexical));
    }
    co_return ok();
  }

  Json report() const {
    return {{"data", options_.data}, {"limit", options_.limit}, {"tasks", tasks_}, {"absent", absent_}};
  }

 private:
  bool wants(const std::string& name) const {
    return options_.tasks.empty() ||
           std::any_of(options_.tasks.begin(), options_.tasks.end(),
                       [&](const std::string& task) { return name.starts_with(task); });
  }

  Result<void> note_absent(const std::string& name, const Error& error) {
    if (error.code != Errc::not_found) return error;
    absent_.push_back(name);
    return ok();
  }

  Json& begin(const std::string& name, std::size_t num_cases) {
    tasks_[name] = {{"cases", num_cases}};
    return tasks_[name];
  }

  ModelEvalOptions options_;
  std::vector<EvaluatedModel> models_;
  Json tasks_ = Json::object();
  Json absent_ = Json::array();
};

ChoiceLoader fewrel(std::size_t ways, std::size_t shots, bool is_named) {
  return [=](const std::string& data, std::size_t cases_max) {
    return fewrel_cases_blocking(data, {.ways = ways, .shots = shots, .is_named = is_named}, cases_max);
  };
}

}  // namespace

Task<Result<Json>> evaluate_model(ModelEvalOptions options, std::vector<EvaluatedModel> models) {
  Evaluation evaluation(std::move(options), std::move(models));
  CO_TRY_OK(co_await evaluation.read("evidence.squad", squad_cases_blocking, ask_evidence, true));
  CO_TRY_OK(co_await evaluation.read("relevant.squad", squad_cases_blocking, ask_relevance, true));
  CO_TRY_OK(co_await evaluation.read("span.squad", squad_cases_blocking, ask_spans, false));
  CO_TRY_OK(co_await evaluation.read("span.hotpot", hotpot_cases_blocking, ask_spans, false));
  CO_TRY_OK(co_await evaluation.read("span.nqswap", nqswap_cases_blocking, ask_spans, false));
  CO_TRY_OK(co_await evaluation.choose("claim.symmetric_fever", symmetric_fever_cases_blocking));
  CO_TRY_OK(co_await evaluation.choose("claim.scifact", scifact_cases_blocking));
  CO_TRY_OK(co_await evaluation.choose("claim.climate_fever", climate_fever_cases_blocking));
  CO_TRY_OK(co_await evaluation.choose("relation.fewrel_5way_0shot", fewrel(5, 0, true)));
  for (const std::size_t ways : {5U, 10U}) {
    for (const std::size_t shots : {1U, 5U}) {
      const std::string name =
          "relation.fewrel_" + std::to_string(ways) + "way_" + std::to_string(shots) + "shot";
      CO_TRY_OK(co_await evaluation.choose(name, fewrel(ways, shots, true)));
      CO_TRY_OK(co_await evaluation.choose(name + "_unnamed", fewrel(ways, shots, false)));
    }
  }
  CO_TRY_OK(co_await evaluation.choose("relation.semeval", semeval_cases_blocking));
  CO_TRY_OK(co_await evaluation.choose("tool.metatool", metatool_cases_blocking));
  CO_TRY_OK(co_await evaluation.choose("tool.apibank", apibank_cases_blocking));
  CO_TRY_OK(co_await evaluation.retrieve("retrieval.scifact", scifact_retrieval_blocking));
  CO_TRY_OK(co_await evaluation.retrieve("retrieval.cranfield", cranfield_retrieval_blocking));
  CO_TRY_OK(co_await evaluation.retrieve("retrieval.cisi", cisi_retrieval_blocking));
  CO_TRY_OK(co_await evaluation.retrieve("retrieval.hotpot", hotpot_retrieval_blocking));
  co_return evaluation.report();
}

Result<std::function<double(std::string_view word)>> word_weights_blocking(const std::string& data) {
  auto index = std::make_shared<model::LexicalIndex>();
  for (const RetrievalLoader load : {scifact_retrieval_blocking, hotpot_retrieval_blocking}) {
    const auto set = load(data, 1);
    if (!set && set.error().code != Errc::not_found) return set.error();
    if (!set) continue;
    for (const std::string& text : set->texts) index->add(text);
  }
  return std::function<double(std::string_view)>([index](std::string_view word) {
    const auto terms = index_terms(word);
    return terms.empty() ? 0.0 : index->weight(terms[0]);
  });
}

std::string to_table(const Json& report) {
  std::string text;
  for (const auto& [task, figures] : report.at("tasks").items()) {
    text += task + " (" + figures.at("cases").dump() + " cases)\n";
    for (const auto& [column, values] : figures.items()) {
      if (!values.is_object()) continue;
      std::string line = "  " + column + ":";
      const Json flat = values.flatten();
      for (const auto& [name, value] : flat.items()) {
        std::array<char, 32> number{};
        std::snprintf(number.data(), number.size(), "%.3f", value.get<double>());
        std::string label = name.substr(1);
        std::replace(label.begin(), label.end(), '/', '.');
        line += " " + label + " " + number.data();
      }
      text += line + "\n";
    }
  }
  for (const Json& task : report.at("absent")) text += task.get<std::string>() + ": its set is absent\n";
  return text;
}

}  // namespace lyceum::cli
