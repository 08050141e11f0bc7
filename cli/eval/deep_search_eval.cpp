#include "cli/eval/deep_search_eval.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <set>

#include <stdlib.h>

#include "cli/eval/asker.hpp"
#include "cli/eval/question_set.hpp"

namespace lyceum::cli {
namespace {

constexpr std::size_t kJudgedQuotes = 5;
constexpr const char* kCollection = "eval";

double seconds_since(MonotonicClock::time_point start) {
  return std::chrono::duration<double>(MonotonicClock::now() - start).count();
}

/// A folder of its own, removed with it.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "lyceum-eval-XXXXXX").string()) {
    LYCEUM_CHECK(::mkdtemp(path_.data()) != nullptr);
  }

  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Tally {
  std::size_t num_questions = 0;
  std::size_t num_not_found = 0;
  std::size_t num_judged = 0;  ///< Questions whose answer is a phrase.
  std::size_t num_with_answer = 0;
  std::size_t num_gold = 0;
  std::size_t num_gold_found = 0;
  std::vector<double> times_ms{};
};

bool is_phrase(const EvalQuestion& question) {
  return !question.answers.empty() && question.answers[0] != "yes" && question.answers[0] != "no";
}

bool holds_answer(const Asked& asked, const EvalQuestion& question) {
  for (std::size_t i = 0; i < std::min(asked.quotes.size(), kJudgedQuotes); ++i) {
    const std::string quote = " " + normalise_answer(asked.quotes[i]) + " ";
    for (const std::string& answer : question.answers) {
      const std::string wanted = normalise_answer(answer);
      if (!wanted.empty() && quote.find(" " + wanted + " ") != std::string::npos) return true;
    }
  }
  return false;
}

void count(Tally& tally, const Asked& asked, const EvalQuestion& question, double time_ms) {
  ++tally.num_questions;
  tally.times_ms.push_back(time_ms);
  if (asked.is_not_found) ++tally.num_not_found;
  if (is_phrase(question)) {
    ++tally.num_judged;
    if (holds_answer(asked, question)) ++tally.num_with_answer;
  }
  const std::set<std::string> titles(asked.titles.begin(), asked.titles.end());
  tally.num_gold += question.gold_titles.size();
  for (const std::string& title : question.gold_titles) tally.num_gold_found += titles.count(title);
}

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

Json figures_of(Tally tally, bool is_answerable) {
  std::sort(tally.times_ms.begin(), tally.times_ms.end());
  double sum = 0;
  for (const double time_ms : tally.times_ms) sum += time_ms;
  const auto quantile = [&](double q) {
    if (tally.times_ms.empty()) return 0.0;
    return tally.times_ms[static_cast<std::size_t>(q * static_cast<double>(tally.times_ms.size() - 1))];
  };
  const double num_times = std::max<double>(1, static_cast<double>(tally.times_ms.size()));
  Json figures{{"questions", tally.num_questions},
               {"not_found_rate", share(tally.num_not_found, tally.num_questions)},
               {"ms", Json{{"mean", sum / num_times}, {"p50", quantile(0.5)}, {"p95", quantile(0.95)}}}};
  if (!is_answerable) return figures;
  figures["answer_in_5_quotes"] = share(tally.num_with_answer, tally.num_judged);
  if (tally.num_gold > 0) figures["gold_title_recall"] = share(tally.num_gold_found, tally.num_gold);
  return figures;
}

Result<Json> ask_all(Asker& asker, const std::vector<EvalQuestion>& questions, std::size_t limit,
                     bool is_answerable) {
  Tally tally;
  const std::size_t num_asked = std::min(limit, questions.size());
  for (std::size_t i = 0; i < num_asked; ++i) {
    const EvalQuestion& question = questions[i * questions.size() / num_asked];
    const auto start = MonotonicClock::now();
    TRY(const Asked asked, asker.ask_blocking(question.question, kCollection));
    count(tally, asked, question, seconds_since(start) * 1000);
  }
  return figures_of(std::move(tally), is_answerable);
}

Result<void> ingest(memory::Store& store, const std::vector<EvalParagraph>& paragraphs) {
  std::size_t number = 0;
  for (const EvalParagraph& paragraph : paragraphs) {
    TRY_OK(store.documents().ingest_blocking({.collection = kCollection,
                                              .source = "paragraph-" + std::to_string(++number) + ".txt",
                                              .media_type = "text/plain",
                                              .title = paragraph.title,
                                              .bytes = paragraph.text}));
  }
  return ok();
}

std::string line_of(const std::string& name, const Json& figures) {
  const auto percent = [&](const char* field) { return 100 * figures.value(field, 0.0); };
  std::array<char, 300> line{};
  std::snprintf(line.data(), line.size(), "%s: %zu questions, not found %.1f %%, %.1f ms mean, %.1f ms p95",
                name.c_str(), figures.value("questions", std::size_t{0}), percent("not_found_rate"),
                figures["ms"].value("mean", 0.0), figures["ms"].value("p95", 0.0));
  std::string text = line.data();
  if (figures.contains("answer_in_5_quotes")) {
    std::snprintf(line.data(), line.size(), ", answer within 5 quotes %.1f %%",
                  percent("answer_in_5_quotes"));
    text += line.data();
  }
  if (figures.contains("gold_title_recall")) {
    std::snprintf(line.data(), line.size(), ", gold titles found %.1f %%", percent("gold_title_recall"));
    text += line.data();
  }
  return text + "\n";
}

}  // namespace

Result<Json> evaluate_deep_search_blocking(const DeepSearchEvalOptions& options,
                                           const ModelMaker& make_model) {
  TRY(const QuestionSet set, load_question_set_blocking(options.data, options.split));
  QuestionSet foreign;
  if (!options.unanswerable.empty()) {
    TRY(foreign, load_question_set_blocking(options.unanswerable, options.split));
  }
  const TemporaryFolder folder;
  TRY(const std::unique_ptr<EvalService> service,
      EvalService::open_blocking(folder.path() + "/store", make_model));
  const auto start = MonotonicClock::now();
  TRY_OK(ingest(service->store(), set.paragraphs));
  Json report{
      {"data", options.data}, {"paragraphs", set.paragraphs.size()}, {"ingest_s", seconds_since(start)}};
  const std::unique_ptr<Asker> asker =
      options.is_direct ? service->make_direct_asker() : service->make_planner_asker();
  TRY(report["answerable"], ask_all(*asker, set.questions, options.limit, true));
  if (!foreign.questions.empty()) {
    TRY(report["unanswerable"], ask_all(*asker, foreign.questions, options.limit, false));
  }
  return report;
}

std::string to_text(const Json& report) {
  std::string text = std::to_string(report.value("paragraphs", std::size_t{0})) + " paragraphs\n";
  for (const char* name : {"answerable", "unanswerable"}) {
    if (report.contains(name)) text += line_of(name, report[name]);
  }
  return text;
}

}  // namespace lyceum::cli
