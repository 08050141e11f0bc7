#include "cli/eval/question_set.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/json.hpp"
#include "base/xz.hpp"

namespace lyceum::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 1U << 30U;

Result<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Errc::io, path.string() + ": cannot be read"};
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (path.extension() != ".xz") return bytes.str();
  auto text = decompress_xz(bytes.str(), kMaxFileBytes);
  if (!text) return Error{text.error().code, path.string() + ": " + text.error().message};
  return text;
}

std::string text_at(const Json& row, const char* name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// "University_of_Notre_Dame" is how SQuAD writes titles.
std::string tidy(std::string title) {
  std::replace(title.begin(), title.end(), '_', ' ');
  return title;
}

class Reader {
 public:
  explicit Reader(QuestionSet& set) : set_(set) {}

  void read_row(const Json& row, bool takes_questions) {
    EvalQuestion question{.question = text_at(row, "question")};
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
      add_paragraph(text_at(row, "title"), text_at(row, "text"));
    if (const auto context = row.find("context"); context != row.end()) {
      if (context->is_string() && row.contains("title"))
        add_paragraph(tidy(text_at(row, "title")), context->get<std::string>());
      if (context->is_array()) read_pairs(*context);
    }
    if (const auto facts = row.find("supporting_facts"); facts != row.end() && facts->is_array()) {
      for (const Json& fact : *facts) add_gold(question, fact.at(0).get<std::string>());
    }
    if (const auto paragraphs = row.find("paragraphs"); paragraphs != row.end()) {
      for (const Json& paragraph : *paragraphs) {
        add_paragraph(text_at(paragraph, "title"), text_at(paragraph, "paragraph_text"));
        if (paragraph.value("is_supporting", false)) add_gold(question, text_at(paragraph, "title"));
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
    if (std::string answer = text_at(row, "answer"); !answer.empty())
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

Result<void> read_lines(const fs::path& path, bool takes_questions, Reader& reader) {
  TRY(const std::string text, read_file(path));
  std::istringstream lines(text);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    const std::string where = path.string() + ", line " + std::to_string(number) + ": ";
    auto row = parse_json(line);
    if (!row) return Error{Errc::malformed, where + row.error().message};
    if (!row->is_object()) return Error{Errc::malformed, where + "is not an object"};
    try {
      reader.read_row(*row, takes_questions);
    } catch (const Json::exception& unexpected) {
      return Error{Errc::malformed, where + unexpected.what()};
    }
  }
  return ok();
}

}  // namespace

Result<QuestionSet> load_question_set_blocking(const std::string& folder, const std::string& split) {
  std::error_code failed;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".jsonl") || name.ends_with(".jsonl.xz")) files.push_back(entry.path());
  }
  if (failed) return Error{Errc::not_found, folder + ": " + failed.message()};
  if (files.empty()) return Error{Errc::not_found, folder + ": no .jsonl or .jsonl.xz file"};
  std::sort(files.begin(), files.end());
  QuestionSet set;
  Reader reader(set);
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    const bool is_test = name.starts_with("test") || name.starts_with("dev");
    const bool is_asked = split == "train" ? name.starts_with("train") : is_test;
    TRY_OK(read_lines(file, is_asked, reader));
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
