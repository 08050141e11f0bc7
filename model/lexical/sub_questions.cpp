#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "model/lexical/slots.hpp"
#include "model/lexical/tasks.hpp"

namespace lyceum::model::lexical {
namespace {

constexpr std::size_t kMaxSubQuestions = 6;

constexpr std::array kOpeners =
    std::to_array<std::string_view>({"what", "which", "who", "whose", "when", "where", "why", "how", "is",
                                     "are", "was", "were", "did", "does", "do"});

bool is_opener(std::string_view lower) {
  return std::find(kOpeners.begin(), kOpeners.end(), lower) != kOpeners.end();
}

std::string trim(std::string_view text) {
  const std::string_view blanks = " ,;.?!\n\t";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(blanks) - begin + 1));
}

std::string as_question(std::string_view text) {
  std::string question = trim(text);
  if (question.empty()) return question;
  if (question[0] >= 'a' && question[0] <= 'z') question[0] = static_cast<char>(question[0] - 'a' + 'A');
  return question + "?";
}

// "When was X founded and who founded it?" asks twice: a new question begins at "and" before a question word,
// and after every question mark and semicolon.
std::vector<std::string> split_conjunctions(const std::string& text, const std::vector<Word>& words) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const bool is_and = (words[at].lower == "and" || words[at].lower == "then") && at > 1 &&
                        at + 1 < words.size() && is_opener(words[at + 1].lower);
    if (is_and) {
      parts.push_back(as_question(std::string_view(text).substr(begin, words[at].begin - begin)));
      begin = words[at].end;
    }
    const auto gap_end = at + 1 < words.size() ? words[at + 1].begin : text.size();
    const auto gap = std::string_view(text).substr(words[at].end, gap_end - words[at].end);
    if (at + 1 < words.size() && gap.find_first_of("?;") != std::string_view::npos) {
      parts.push_back(as_question(std::string_view(text).substr(begin, words[at].end - begin)));
      begin = gap_end;
    }
  }
  parts.push_back(as_question(std::string_view(text).substr(begin)));
  std::erase(parts, "");
  return parts;
}

struct Comparison {
  std::string left{};
  std::string right{};
  std::string about{};  ///< "older" of "Which is older, A or B?"; may be empty.
};

std::optional<Comparison> around(std::string_view text, std::string_view separator, std::string about) {
  const std::string lower = to_lower(text);
  const auto at = lower.find(separator);
  if (at == std::string::npos) return std::nullopt;
  Comparison found{trim(text.substr(0, at)), trim(text.substr(at + separator.size())), std::move(about)};
  if (found.left.empty() || found.right.empty()) return std::nullopt;
  return found;
}

std::string_view after(std::string_view text, std::string_view lead) {
  const auto at = to_lower(text).find(lead);
  return at == std::string::npos ? std::string_view() : text.substr(at + lead.size());
}

std::optional<Comparison> read_comparison(std::string_view text) {
  if (const auto rest = after(text, " between "); !rest.empty()) return around(rest, " and ", "");
  if (const auto rest = after(text, "compare "); !rest.empty()) {
    for (const auto* separator : {" and ", " with ", " to "}) {
      if (auto found = around(rest, separator, "")) return found;
    }
  }
  // "Which is older, A or B?"
  const auto comma = text.find(',');
  if (comma != std::string_view::npos && is_opener(to_lower(text.substr(0, text.find(' '))))) {
    return around(text.substr(comma + 1), " or ", trim(text.substr(0, comma)));
  }
  for (const auto* separator : {" versus ", " vs. ", " vs "}) {
    if (auto found = around(text, separator, "")) return found;
  }
  if (const auto rest = after(text, "how does "); !rest.empty()) return around(rest, " differ from ", "");
  if (const auto rest = after(text, "how do "); !rest.empty()) return around(rest, " differ from ", "");
  return std::nullopt;
}

std::vector<std::string> ask_both(const Comparison& comparison) {
  std::vector<std::string> questions;
  for (const auto* side : {&comparison.left, &comparison.right}) {
    questions.push_back(comparison.about.empty() ? as_question("What is " + *side)
                                                 : as_question(comparison.about + ": " + *side));
  }
  return questions;
}

}  // namespace

Json write_sub_questions(const Json& slots, WordReader& reader) {
  const std::string question = squeeze(text_slot(slots, "question"));
  const std::string kind = text_slot(slots, "kind");
  std::vector<std::string> parts = split_conjunctions(question, reader.read(question));
  if (parts.size() < 2) parts = {question};
  if (parts.size() == 1 && (kind == "comparison" || kind.empty())) {
    if (const auto comparison = read_comparison(question)) {
      parts = ask_both(*comparison);
      parts.push_back(question);
    }
  }
  Json list = Json::array();
  std::set<std::string> seen;
  for (auto& part : parts) {
    if (list.size() == kMaxSubQuestions) break;
    if (!part.empty() && seen.insert(to_lower(part)).second) list.push_back(std::move(part));
  }
  return {{"sub_questions", std::move(list)}};
}

}  // namespace lyceum::model::lexical
