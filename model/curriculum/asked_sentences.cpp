#include "model/curriculum/asked_sentences.hpp"

#include <algorithm>

#include "model/curriculum/statements.hpp"
#include "model/lexical_index.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMinWords = 3;
constexpr std::size_t kMaxWordsAside = 9;
constexpr std::size_t kMaxForms = 8;
constexpr std::size_t kMaxAnswerBytes = 60;

struct Word {
  std::string_view text{};
  TextRange range{};
};

/// What stands between blanks, without punctuation around it.
std::vector<Word> words_of(std::string_view text) {
  constexpr std::string_view kAround = " \n\t.,;:!?()[]\"'";
  std::vector<Word> words;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    const auto first = word.find_first_not_of(kAround);
    if (first != std::string_view::npos) {
      const auto last = word.find_last_not_of(kAround) + 1;
      words.push_back({word.substr(first, last - first), {at + first, at + last}});
    }
    at = end + 1;
  }
  return words;
}

bool is_year(std::string_view answer) {
  return answer.size() == 4 && (answer[0] == '1' || answer[0] == '2') &&
         std::all_of(answer.begin(), answer.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// What asks for the answer, by its form and by the word before it.
std::string question_word(Dice& dice, std::string_view answer, std::string_view before) {
  static const std::vector<std::string> years{"When", "In what year", "What year", "When"};
  static const std::vector<std::string> numbers{"How many", "How much", "What number of", "How many"};
  static const std::vector<std::string> places{"Where", "In what city", "In which country", "What place"};
  static const std::vector<std::string> names{
      "Who", "What", "Which", "Who", "What was the name of", "What is the name of"};
  if (is_year(answer)) return dice.pick(years);
  if (shape_of(answer) == AnswerShape::number) return dice.pick(numbers);
  const bool is_place = before == "in" || before == "at" || before == "from" || before == "near";
  return is_place && dice.chance(0.7) ? dice.pick(places) : dice.pick(names);
}

/// The words from `begin` to `end`, as far as they are kept.
std::string kept_words(Dice& dice, const std::vector<Word>& words, std::size_t begin, std::size_t end,
                       double dropped, const WordForms& forms) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i) {
    const bool is_stop = is_stop_word(words[i].text);
    if (dice.chance(is_stop ? 0.4 : dropped)) continue;
    const bool changes = !is_stop && dice.chance(0.4);
    if (!text.empty()) text += ' ';
    text += changes ? forms.other_form(dice, words[i].text) : std::string(words[i].text);
  }
  return text;
}

std::optional<TextRange> pick_answer(Dice& dice, std::string_view title, std::string_view sentence) {
  std::vector<TextRange> places = names_in(sentence);
  const auto numbers = numbers_in(sentence);
  places.insert(places.end(), numbers.begin(), numbers.end());
  std::erase_if(places, [&](TextRange place) {
    const auto text = sentence.substr(place.begin, place.end - place.begin);
    return text.size() > kMaxAnswerBytes || title.find(text) != std::string_view::npos;
  });
  if (places.empty()) return std::nullopt;
  return dice.pick(places);
}

}  // namespace

void WordForms::add(std::string_view text) {
  visit_index_terms(text, [&](std::string_view word, std::string_view term) {
    if (word.size() < 4 || is_stop_word(word)) return;
    auto& forms = forms_[std::string(term)];
    if (forms.size() < kMaxForms && std::find(forms.begin(), forms.end(), word) == forms.end())
      forms.emplace_back(word);
  });
}

std::string WordForms::other_form(Dice& dice, std::string_view word) const {
  std::string form(word);
  visit_index_terms(word, [&](std::string_view, std::string_view term) {
    const auto forms = forms_.find(term);
    if (forms != forms_.end()) form = dice.pick(forms->second);
  });
  // A name keeps its capital: a question writes it as the text does.
  if (word[0] >= 'A' && word[0] <= 'Z' && form[0] >= 'a' && form[0] <= 'z')
    form[0] = static_cast<char>(form[0] - 'a' + 'A');
  return form;
}

std::optional<AskedQuestion> ask(Dice& dice, std::string_view title, std::string_view paragraph,
                                 TextRange sentence, const WordForms& forms) {
  const std::string_view text = paragraph.substr(sentence.begin, sentence.end - sentence.begin);
  const auto answer = pick_answer(dice, title, text);
  if (!answer) return std::nullopt;
  const auto words = words_of(text);
  std::size_t first = 0;
  while (first < words.size() && words[first].range.end <= answer->begin) ++first;
  std::size_t last = first;
  while (last < words.size() && words[last].range.begin < answer->end) ++last;
  const std::size_t before = first - std::min(first, 2 + dice.below(kMaxWordsAside));
  const std::size_t after = std::min(words.size(), last + 2 + dice.below(kMaxWordsAside));
  if (first - before + after - last < kMinWords) return std::nullopt;
  const double dropped = 0.1 + 0.05 * static_cast<double>(dice.below(8));
  const std::string left = kept_words(dice, words, before, first, dropped, forms);
  const std::string right = kept_words(dice, words, last, after, dropped, forms);
  const std::string_view previous = first > 0 ? words[first - 1].text : std::string_view();
  std::string question =
      question_word(dice, text.substr(answer->begin, answer->end - answer->begin), previous);
  const bool is_turned = dice.chance(0.5);
  for (const std::string& part : {is_turned ? right : left, is_turned ? left : right}) {
    if (!part.empty()) question += " " + part;
  }
  if (dice.chance(0.25)) question += " " + std::string(title.substr(0, title.find(" (")));
  return AskedQuestion{.question = question + "?",
                       .answer = {sentence.begin + answer->begin, sentence.begin + answer->end}};
}

}  // namespace lyceum::model
