#include "cli/eval/question_set.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "base/json_lines.hpp"

namespace lyceum::cli {
namespace {

/// "University_of_Notre_Dame" is how SQuAD writes titles.
std::string tidy(std::string title) {
  std::replace(title.begin(), title.end(), '_', ' ');
  return title;
}

class Reader {
 public:
  explicit Reader(QuestionSet& set) : set_(set) {}

  void read_row(const Json& row, bool takes_questions) {
    EvalQuestion question{.question = text_field(row, "question")};
    read_paragraphs(row, question);
    read_answers(row, question);
    if (const auto titles = row.find("gold_titles"); titles != row.end() && titles->is_array()) {
      for (const Json& title : *titles) question.gold_titles.push_back(title.get<std::string>());
    }
    // A question without a paragraph of its own is asked only where the row says which paragraphs of the
    // corpus answer it.
    const bool has_source =
        (row.contains("context") && (row["context"].is_array() || row.contains("title"))) ||
        row.contains("paragraphs") || row.contains("gold_titles");
    if (takes_questions && has_source && !question.question.empty() &&
        asked_.insert(question.question).second) {
      set_.questions.push_back(std::move(question));
    }
  }

 private:
  void add_paragraph(std::string title, std::string text) {
    if (!text.empty() && seen_.insert(text).second)
      set_.paragraphs.push_back({.title = std::move(title), .text = std::move(text)});
  }

  void read_paragraphs(const Json& row, EvalQuestion& question) {
    if (row.contains("text") && row.contains("title"))
      add_paragraph(text_field(row, "title"), text_field(row, "text"));
    if (const auto context = row.find("context"); context != row.end()) {
      if (context->is_string() && row.contains("title"))
        add_paragraph(tidy(text_field(row, "title")), context->get<std::string>());
      if (context->is_array()) read_pairs(*context);
    }
    if (const auto facts = row.find("supporting_facts"); facts != row.end() && facts->is_array()) {
      for (const Json& fact : *facts) add_gold(question, fact.at(0).get<std::string>());
    }
    if (const auto paragraphs = row.find("paragraphs"); paragraphs != row.end()) {
      for (const Json& paragraph : *paragraphs) {
        add_paragraph(text_field(paragraph, "title"), text_field(paragraph, "paragraph_text"));
        if (paragraph.value("is_supporting", false)) add_gold(question, text_field(paragraph, "title"));
      }
    }
  }

  static void add_gold(EvalQuestion& question, const std::string& title) {
    auto& titles = question.gold_titles;
    if (std::find(titles.begin(), titles.end(), title) == titles.end()) titles.push_back(title);
  }

  /// HotpotQA: [title, [sentence, …]].
  void read_pairs(const Json& context) {
    for (const Json& pair : context) {
      std::string text;
      for (const Json& sentence : pair.at(1)) text += sentence.get<std::string>();
      add_paragraph(pair.at(0).get<std::string>(), std::move(text));
    }
  }

  static void read_answers(const Json& row, EvalQuestion& question) {
    if (std::string answer = text_field(row, "answer"); !answer.empty())
      question.answers.push_back(std::move(answer));
    for (const char* name : {"answers", "answer_aliases"}) {
      if (const auto answers = row.find(name); answers != row.end() && answers->is_array()) {
        for (const Json& answer : *answers) question.answers.push_back(answer.get<std::string>());
      }
    }
  }

  QuestionSet& set_;
  std::set<std::string> seen_{};
  std::set<std::string> asked_{};
};

}  // namespace

Result<QuestionSet> load_question_set_blocking(const std::string& folder, const std::string& split) {
  TRY(const auto files, list_json_lines_blocking(folder, ""));
  QuestionSet set;
  Reader reader(set);
  for (const std::string& file : files) {
    const std::string name = std::filesystem::path(file).filename().string();
    const bool is_test = name.starts_with("test") || name.starts_with("dev");
    const bool is_asked = split == "train" ? name.starts_with("train") : is_test;
    TRY_OK(read_json_lines_blocking(file, [&](const Json& row) {
      reader.read_row(row, is_asked);
      return true;
    }));
  }
  return set;
}

std::string normalise_answer(std::string_view text) {
  std::string spaced;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c >= 'A' && c <= 'Z') {
      spaced += static_cast<char>(c - 'A' + 'a');
    } else if (byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      spaced += c;
    } else if (c != '\'' && c != '.' && c != ',') {
      spaced += ' ';
    }
  }
  std::istringstream words(spaced);
  std::string normalised;
  for (std::string word; words >> word;) {
    if (word == "a" || word == "an" || word == "the") continue;
    normalised += (normalised.empty() ? "" : " ") + word;
  }
  return normalised;
}

}  // namespace lyceum::cli
