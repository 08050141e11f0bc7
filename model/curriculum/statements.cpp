#include "model/curriculum/statements.hpp"

#include <algorithm>
#include <array>

namespace lyceum::model {
namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return is_upper(c) || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}

/// Byte ranges of words: what stands between blanks, without punctuation around it.
std::vector<TextRange> words_in(std::string_view text) {
  std::vector<TextRange> words;
  std::size_t at = 0;
  while (at < text.size()) {
    while (at < text.size() && !is_letter(text[at]) && !is_digit(text[at])) ++at;
    const std::size_t begin = at;
    while (at < text.size() && text[at] != ' ' && text[at] != '\n') ++at;
    std::size_t end = at;
    while (end > begin && !is_letter(text[end - 1]) && !is_digit(text[end - 1])) --end;
    if (end > begin) words.push_back({begin, end});
  }
  return words;
}

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> heads) {
  return std::any_of(heads.begin(), heads.end(),
                     [&](std::string_view head) { return text.starts_with(head); });
}

/// Verbs before which the answer is not the subject.
bool begins_with_helper(std::string_view rest) {
  return starts_with_any(rest, {"did ", "do ", "does ", "can ", "could ", "should ", "would ", "will "});
}

}  // namespace

std::optional<std::string> statement_of(std::string_view question, std::string_view answer) {
  std::string text(question);
  while (!text.empty() && (text.back() == '?' || text.back() == ' ')) text.pop_back();
  const auto blank = text.find(' ');
  if (blank == std::string::npos || answer.empty()) return std::nullopt;
  const std::string head = text.substr(0, blank);
  const std::string rest = text.substr(blank + 1);
  const std::string subject = capitalised(std::string(answer));
  if (head == "Who" || head == "who" || head == "What" || head == "what") {
    if (begins_with_helper(rest) || rest.find(" did ") != std::string::npos) return std::nullopt;
    // "What year was it built": the noun after the word would stay without its verb.
    const bool has_verb = starts_with_any(rest, {"is ", "was ", "are ", "were ", "has ", "had "});
    if ((head == "What" || head == "what") && !has_verb) return std::nullopt;
    if (has_verb && rest.ends_with(" called")) return std::nullopt;
    return subject + " " + rest + ".";
  }
  if (starts_with_any(text, {"How many ", "how many "}) && !answer.empty() && is_digit(answer[0])) {
    const std::string counted = text.substr(9);
    for (const char* helper :
         {" did ", " do ", " does ", " can ", " is ", " was ", " were there", " are there"}) {
      if (counted.find(helper) != std::string::npos) return std::nullopt;
    }
    return subject + " " + counted + ".";
  }
  return std::nullopt;
}

AnswerShape shape_of(std::string_view answer) {
  if (std::any_of(answer.begin(), answer.end(), is_digit)) return AnswerShape::number;
  return !answer.empty() && is_upper(answer[0]) ? AnswerShape::name : AnswerShape::words;
}

std::vector<TextRange> names_in(std::string_view sentence) {
  std::vector<TextRange> names;
  const auto words = words_in(sentence);
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (!is_upper(sentence[words[i].begin])) continue;
    TextRange name = words[i];
    while (i + 1 < words.size() && is_upper(sentence[words[i + 1].begin]) &&
           words[i + 1].begin == words[i].end + 1) {
      ++i;
      name.end = words[i].end;
    }
    if (name.end - name.begin > 2) names.push_back(name);
  }
  return names;
}

std::vector<TextRange> numbers_in(std::string_view sentence) {
  std::vector<TextRange> numbers;
  for (const TextRange word : words_in(sentence)) {
    const auto text = sentence.substr(word.begin, word.end - word.begin);
    const bool is_number =
        std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == ','; });
    if (is_number && text.size() <= 9) numbers.push_back(word);
  }
  return numbers;
}

std::optional<std::string> negated(std::string_view sentence) {
  static constexpr std::array<std::string_view, 12> kVerbs = {" is ",   " was ",   " are ",    " were ",
                                                              " has ",  " had ",   " can ",    " could ",
                                                              " will ", " would ", " should ", " must "};
  std::size_t first = std::string_view::npos;
  std::string_view verb;
  for (const std::string_view candidate : kVerbs) {
    const auto at = sentence.find(candidate);
    if (at >= first) continue;
    first = at;
    verb = candidate;
  }
  if (first == std::string_view::npos) return std::nullopt;
  std::string text(sentence);
  const std::size_t after = first + verb.size();
  if (sentence.substr(after).starts_with("not ")) return text.erase(after, 4);
  return text.insert(after, "not ");
}

}  // namespace lyceum::model
