#include "cli/eval/model_eval.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <numeric>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/eval/figures.hpp"
#include "cli/eval/model_cases.hpp"
#include "model/lexical_index.hpp"
#include "model/task_prompts.hpp"

namespace lyceum::cli {
namespace {

constexpr std::size_t kEmbedBatch = 16;
constexpr std::size_t kEmbedBytes = 2000;
/// Fixed beforehand: a small model's vectors are weaker than BM25.
constexpr double kDenseWeight = 0.3;

using ChoiceLoader = std::function<Result<std::vector<ChoiceCase>>(const std::string&, std::size_t)>;
using PassageLoader = std::function<Result<std::vector<PassageCase>>(const std::string&, std::size_t)>;
using RetrievalLoader = std::function<Result<RetrievalSet>(const std::string&, std::size_t)>;

double milliseconds_since(MonotonicClock::time_point start) {
  return std::chrono::duration<double, std::milli>(MonotonicClock::now() - start).count();
}

bool holds_answer(const std::string& text, const std::vector<std::string>& answers) {
  return std::any_of(answers.begin(), answers.end(),
                     [&](const std::string& answer) { return text.find(answer) != std::string::npos; });
}

model::Prompt evidence_prompt(const std::string& question) {
  return {.task = "deep_search.evidence",
          .slots = {{"question", question}},
          .system = "You copy evidence out of sources, letter by letter.",
          .user = "Question: " + question +
                  "\nWhich passages of the sources say something that helps to answer it?"};
}

// --- choices ---

Json figures_of(const std::vector<ChoiceOutcome>& outcomes, double time_ms) {
  return {{"accuracy", accuracy(outcomes)},
          {"macro_f1", macro_f1(outcomes)},
          {"ece", calibration_error(outcomes)},
          {"ms", time_ms / static_cast<double>(std::max<std::size_t>(outcomes.size(), 1))}};
}

Task<Result<Json>> ask_choices(model::LanguageModel& model, const std::vector<ChoiceCase>& cases) {
  std::vector<ChoiceOutcome> outcomes;
  const auto start = MonotonicClock::now();
  for (const ChoiceCase& item : cases) {
    model::ChooseRequest request = item.request;
    CO_TRY(const model::Choice choice, co_await model.choose(std::move(request)));
    const auto best = std::max_element(choice.probabilities.begin(), choice.probabilities.end());
    const auto at = static_cast<std::size_t>(best - choice.probabilities.begin());
    outcomes.push_back({.right = item.labels[item.right], .chosen = item.labels.at(at), .confidence = *best});
  }
  co_return figures_of(outcomes, milliseconds_since(start));
}

/// The commonest right label where all cases share one, and the share of right guesses.
void add_choice_baselines(const std::vector<ChoiceCase>& cases, Json& report) {
  std::map<std::string, std::size_t> counts;
  double chance = 0;
  for (const ChoiceCase& item : cases) {
    ++counts[item.labels[item.right]];
    chance += 1 / static_cast<double>(item.request.options.size());
  }
  std::string majority;
  for (const auto& [label, count] : counts) {
    if (majority.empty() || count > counts[majority]) majority = label;
  }
  std::vector<ChoiceOutcome> outcomes;
  for (const ChoiceCase& item : cases) {
    const bool is_offered = std::find(item.labels.begin(), item.labels.end(), majority) != item.labels.end();
    outcomes.push_back({.right = item.labels[item.right], .chosen = is_offered ? majority : item.labels[0]});
  }
  report["majority"] = {{"accuracy", accuracy(outcomes)}, {"macro_f1", macro_f1(outcomes)}};
  report["chance"] = {{"accuracy", chance / static_cast<double>(std::max<std::size_t>(cases.size(), 1))}};
}

// --- passages ---

/// The best quote of a passage as one source, and of its sentences as sources of their own.
Task<Result<Json>> ask_evidence(model::LanguageModel& model, const std::vector<PassageCase>& cases) {
  std::vector<double> holds;
  std::vector<double> picks;
  std::vector<double> lengths;
  std::vector<double> own_scores;
  std::vector<double> foreign_scores;
  const auto start = MonotonicClock::now();
  for (const PassageCase& item : cases) {
    const std::string& passage = item.passages[0];
    model::QuoteRequest whole{
        .prompt = evidence_prompt(item.question), .sources = {passage}, .quotes_max = 1};
    CO_TRY(const model::Quotes quotes, co_await model.quote(std::move(whole)));
    const std::string quote =
        quotes.quotes.empty()
            ? std::string()
            : passage.substr(quotes.quotes[0].begin, quotes.quotes[0].end - quotes.quotes[0].begin);
    holds.push_back(holds_answer(quote, item.answers) ? 1 : 0);
    if (!quote.empty()) lengths.push_back(static_cast<double>(quote.size()));
    own_scores.push_back(quotes.quotes.empty() ? 0 : quotes.quotes[0].score);

    model::QuoteRequest single{.prompt = evidence_prompt(item.question), .sources = {}, .quotes_max = 1};
    for (const TextRange range : split_sentences(passage))
      single.sources.push_back(passage.substr(range.begin, range.end - range.begin));
    if (single.sources.size() > model::kMaxSources) single.sources.resize(model::kMaxSources);
    const std::vector<std::string> sentences = single.sources;
    CO_TRY(const model::Quotes picked, co_await model.quote(std::move(single)));
    const bool is_right =
        !picked.quotes.empty() && holds_answer(sentences.at(picked.quotes[0].source), item.answers);
    picks.push_back(is_right ? 1 : 0);

    if (item.foreign.empty()) continue;
    model::QuoteRequest foreign{
        .prompt = evidence_prompt(item.question), .sources = {item.foreign}, .quotes_max = 1};
    CO_TRY(const model::Quotes wrong, co_await model.quote(std::move(foreign)));
    foreign_scores.push_back(wrong.quotes.empty() ? 0 : wrong.quotes[0].score);
  }
  const auto share_quoted = [](const std::vector<double>& scores) {
    std::vector<double> quoted;
    for (const double score : scores) quoted.push_back(score > 0 ? 1 : 0);
    return mean(quoted);
  };
  co_return Json{
      {"first_quote_holds_answer", mean(holds)},
      {"quote_bytes", mean(lengths)},
      {"sentence_accuracy", mean(picks)},
      {"quoted", share_quoted(own_scores)},
      {"quoted_foreign", share_quoted(foreign_scores)},
      {"abstention_auc", area_under_curve(own_scores, foreign_scores)},
      {"ms", milliseconds_since(start) / static_cast<double>(3 * std::max<std::size_t>(cases.size(), 1))}};
}

Json evidence_chance(const std::vector<PassageCase>& cases) {
  std::vector<double> first;
  std::vector<double> any;
  for (const PassageCase& item : cases) {
    std::vector<double> right;
    for (const TextRange range : split_sentences(item.passages[0]))
      right.push_back(
          holds_answer(item.passages[0].substr(range.begin, range.end - range.begin), item.answers));
    if (right.empty()) continue;
    first.push_back(right[0]);
    any.push_back(mean(right));
  }
  return {{"majority", Json{{"sentence_accuracy", mean(first)}}},
          {"chance", Json{{"sentence_accuracy", mean(any)}}}};
}

Task<Result<Json>> ask_spans(model::LanguageModel& model, const std::vector<PassageCase>& cases) {
  std::vector<double> exact;
  std::vector<double> overlap;
  std::vector<double> quoted;
  std::vector<double> quoted_foreign;
  const auto start = MonotonicClock::now();
  for (const PassageCase& item : cases) {
    model::QuoteRequest request{
        .prompt = model::span_prompt(item.question), .sources = item.passages, .quotes_max = 1};
    CO_TRY(const model::Quotes quotes, co_await model.quote(std::move(request)));
    std::string text;
    if (!quotes.quotes.empty()) {
      const model::Quote& quote = quotes.quotes[0];
      text = item.passages.at(quote.source).substr(quote.begin, quote.end - quote.begin);
    }
    exact.push_back(exact_match(text, item.answers));
    overlap.push_back(token_f1(text, item.answers));
    quoted.push_back(text.empty() ? 0 : 1);
    if (item.foreign.empty()) continue;
    model::QuoteRequest foreign{
        .prompt = model::span_prompt(item.question), .sources = {item.foreign}, .quotes_max = 1};
    CO_TRY(const model::Quotes wrong, co_await model.quote(std::move(foreign)));
    quoted_foreign.push_back(wrong.quotes.empty() ? 0 : 1);
  }
  Json figures{
      {"exact_match", mean(exact)},
      {"f1", mean(overlap)},
      {"quoted", mean(quoted)},
      {"ms", milliseconds_since(start) / static_cast<double>(std::max<std::size_t>(cases.size(), 1))}};
  if (!quoted_foreign.empty()) figures["quoted_foreign"] = mean(quoted_foreign);
  co_return figures;
}

// --- retrieval ---

std::vector<std::string> ranked(const RetrievalSet& set, const std::vector<double>& scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 20); ++i) ids.push_back(set.ids[order[i]]);
  return ids;
}

/// All scores of one kind, one row a query.
using Scores = std::vector<std::vector<double>>;

Json retrieval_figures(const RetrievalSet& set, const Scores& scores) {
  std::vector<double> gains;
  std::vector<double> recalls;
  for (std::size_t i = 0; i < set.queries.size(); ++i) {
    const auto ranking = ranked(set, scores[i]);
    gains.push_back(ndcg_at_10(ranking, set.queries[i].relevant));
    recalls.push_back(recall_at(ranking, set.queries[i].relevant, 10));
  }
  return {{"ndcg_at_10", mean(gains)}, {"recall_at_10", mean(recalls)}};
}

Scores lexical_scores(const RetrievalSet& set) {
  model::LexicalIndex index;
  for (const std::string& text : set.texts) index.add(text);
  Scores scores;
  for (const auto& query : set.queries) {
    auto& row = scores.emplace_back(set.texts.size(), 0.0);
    for (const auto& hit : index.search(query.text, set.texts.size())) row[hit.text] = hit.score;
  }
  return scores;
}

std::string clipped(const std::string& text) {
  std::size_t end = std::min(text.size(), kEmbedBytes);
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

Task<Result<std::vector<std::vector<float>>>> embed_all(model::LanguageModel& model,
                                                        std::vector<std::string> texts) {
  std::vector<std::vector<float>> vectors;
  for (std::size_t begin = 0; begin < texts.size(); begin += kEmbedBatch) {
    std::vector<std::string> batch;
    for (std::size_t i = begin; i < std::min(begin + kEmbedBatch, texts.size()); ++i)
      batch.push_back(clipped(texts[i]));
    CO_TRY(auto found, co_await model.embed(std::move(batch)));
    for (auto& vector : found) vectors.push_back(std::move(vector));
  }
  co_return vectors;
}

Task<Result<Json>> ask_retrieval(model::LanguageModel& model, const RetrievalSet& set,
                                 const Scores& lexical) {
  const auto start = MonotonicClock::now();
  CO_TRY(const auto documents, co_await embed_all(model, set.texts));
  std::vector<std::string> questions;
  for (const auto& query : set.queries) questions.push_back(query.text);
  CO_TRY(const auto asked, co_await embed_all(model, std::move(questions)));
  const double time_ms = milliseconds_since(start);
  Scores dense;
  Scores fused;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    auto& row = dense.emplace_back();
    for (const auto& document : documents)
      row.push_back(std::inner_product(asked[i].begin(), asked[i].end(), document.begin(), 0.0));
    fused.push_back(fused_scores(lexical[i], row, kDenseWeight));
  }
  Json figures = retrieval_figures(set, dense);
  figures["fused"] = retrieval_figures(set, fused);
  figures["ms"] = time_ms / static_cast<double>(std::max<std::size_t>(documents.size() + asked.size(), 1));
  co_return figures;
}

// --- the list of tasks ---

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

  Task<Result<void>> quote(std::string name, PassageLoader load, bool asks_spans) {
    if (!wants(name)) co_return ok();
    const auto cases = load(options_.data, options_.limit);
    if (!cases) co_return note_absent(name, cases.error());
    Json& report = begin(name, cases->size());
    if (!asks_spans) report.update(evidence_chance(*cases));
    for (const EvaluatedModel& column : models_) {
      if (asks_spans) {
        CO_TRY(report[column.name], co_await ask_spans(*column.model, *cases));
      } else {
        CO_TRY(report[column.name], co_await ask_evidence(*column.model, *cases));
      }
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
  CO_TRY_OK(co_await evaluation.quote("evidence.squad", squad_cases_blocking, false));
  CO_TRY_OK(co_await evaluation.quote("span.squad", squad_cases_blocking, true));
  CO_TRY_OK(co_await evaluation.quote("span.hotpot", hotpot_cases_blocking, true));
  CO_TRY_OK(co_await evaluation.quote("span.nqswap", nqswap_cases_blocking, true));
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
