#include "cli/eval/model_asking.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/eval/figures.hpp"
#include "model/lexical_index.hpp"
#include "model/task_prompts.hpp"

namespace lyceum::cli {
namespace {

constexpr std::size_t kEmbedBatch = 16;
constexpr std::size_t kEmbedBytes = 2000;
/// Fixed beforehand: a small model's vectors are weaker than BM25.
constexpr double kDenseWeight = 0.3;

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

model::Prompt relevance_prompt(const std::string& question, const std::string& quote) {
  return {.task = "deep_search.relevant",
          .slots = {{"question", question}, {"quote", quote}},
          .system = "You judge evidence.",
          .user = "Question: " + question + "\nQuote: " + quote +
                  "\nDoes the quote help to answer the question? Sharing words is not enough."};
}

Json figures_of(const std::vector<ChoiceOutcome>& outcomes, double time_ms) {
  return {{"accuracy", accuracy(outcomes)},
          {"macro_f1", macro_f1(outcomes)},
          {"ece", calibration_error(outcomes)},
          {"ms", time_ms / static_cast<double>(std::max<std::size_t>(outcomes.size(), 1))}};
}

}  // namespace

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

Task<Result<Json>> ask_relevance(model::LanguageModel& model, const std::vector<PassageCase>& cases) {
  std::vector<double> picks;
  std::vector<double> holding;
  std::vector<double> others;
  const auto start = MonotonicClock::now();
  for (const PassageCase& item : cases) {
    double best = -1;
    bool is_best_right = false;
    for (const TextRange range : split_sentences(item.passages[0])) {
      const std::string sentence = item.passages[0].substr(range.begin, range.end - range.begin);
      model::ChooseRequest request{.prompt = relevance_prompt(item.question, sentence),
                                   .options = {"relevant", "not relevant"}};
      CO_TRY(const model::Choice choice, co_await model.choose(std::move(request)));
      const bool is_right = holds_answer(sentence, item.answers);
      (is_right ? holding : others).push_back(choice.probabilities.at(0));
      if (choice.probabilities[0] <= best) continue;
      best = choice.probabilities[0];
      is_best_right = is_right;
    }
    picks.push_back(is_best_right ? 1 : 0);
  }
  co_return Json{
      {"sentence_accuracy", mean(picks)},
      {"auc", area_under_curve(holding, others)},
      {"ms", milliseconds_since(start) / static_cast<double>(std::max<std::size_t>(cases.size(), 1))}};
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

namespace {

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

}  // namespace

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

namespace {

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

}  // namespace

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

}  // namespace lyceum::cli
