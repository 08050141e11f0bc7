#include "model/lexical/question.hpp"

#include <algorithm>
#include <initializer_list>

namespace lyceum::model::lexical {
namespace {

using Words = std::vector<Word>;

// Say what is asked for, not what it is asked about: an answer need not repeat them.
constexpr double kAskingNounWeight = 0.3;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_question_word(std::string_view word) {
  return is_one_of(word, {"what",    "which",    "who",  "whom", "whose", "when",  "where",  "why",
                          "how",     "many",     "much", "did",  "do",    "does",  "please", "tell",
                          "explain", "describe", "give", "list", "name",  "define"});
}

bool asks_time(std::string_view noun) {
  return is_one_of(
      noun, {"year", "years", "date", "day", "month", "months", "decade", "century", "time", "period"});
}

bool asks_place(std::string_view noun) {
  return is_one_of(noun, {"country", "countries", "city", "cities", "state", "place", "places", "continent",
                          "location", "town", "region", "nation", "river", "island", "province", "county"});
}

bool asks_number(std::string_view noun) {
  return is_one_of(noun, {"number", "percent", "percentage", "amount", "population", "age", "cost", "price",
                          "total", "size", "rate", "distance", "height", "length", "weight"});
}

bool asks_name(std::string_view noun) {
  return is_one_of(noun, {"person", "man",     "woman",        "player",    "author",     "actor",  "actress",
                          "king",   "queen",   "emperor",      "president", "scientist",  "artist", "singer",
                          "leader", "company", "organization", "team",      "university", "group",  "tribe"});
}

bool asks_kind(std::string_view noun) {
  return is_one_of(noun, {"type", "kind", "sort", "term", "word", "thing"});
}

// The position of the wh-word, which need not be the first ("In what year ...").
std::size_t find_wh(const Words& words) {
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (is_one_of(words[at].lower, {"what", "which", "who", "whom", "whose", "when", "where", "why", "how"}))
      return at;
  }
  return words.size();
}

std::string_view lower_at(const Words& words, std::size_t at) {
  return at < words.size() ? std::string_view(words[at].lower) : std::string_view();
}

AnswerType type_after_what(const Words& words, std::size_t wh) {
  // "what year", "what was the year", "which European country".
  for (std::size_t at = wh + 1; at < std::min(words.size(), wh + 5); ++at) {
    const std::string_view noun = words[at].lower;
    if (asks_time(noun)) return AnswerType::time;
    if (asks_place(noun)) return AnswerType::place;
    if (asks_number(noun)) return AnswerType::number;
    if (asks_name(noun)) return AnswerType::name;
    if (is_one_of(noun, {"reason", "reasons", "cause", "causes", "caused"})) return AnswerType::reason;
  }
  return AnswerType::any;
}

AnswerType type_of(const Words& words) {
  if (words.empty()) return AnswerType::any;
  if (is_one_of(words[0].lower, {"is", "are", "was", "were", "do", "does", "did", "can", "could", "has",
                                 "have", "had", "will", "would", "should", "may"})) {
    return AnswerType::yes_no;
  }
  const std::size_t wh = find_wh(words);
  const std::string_view word = lower_at(words, wh);
  if (word == "who" || word == "whom" || word == "whose") return AnswerType::name;
  if (word == "when") return AnswerType::time;
  if (word == "where") return AnswerType::place;
  if (word == "why") return AnswerType::reason;
  if (word == "what" || word == "which") return type_after_what(words, wh);
  if (word == "how") {
    const bool is_measure =
        is_one_of(lower_at(words, wh + 1), {"many", "much", "old", "long", "far", "tall", "big", "large",
                                            "often", "fast", "high", "deep", "wide"});
    return is_measure ? AnswerType::number : AnswerType::any;
  }
  return AnswerType::any;
}

bool is_asking_noun(std::string_view word, AnswerType type) {
  switch (type) {
    case AnswerType::time:
      return asks_time(word);
    case AnswerType::place:
      return asks_place(word);
    case AnswerType::number:
      return asks_number(word) || is_one_of(word, {"old", "long", "far", "tall", "large"});
    case AnswerType::name:
      return asks_name(word);
    case AnswerType::reason:
      return is_one_of(word, {"reason", "reasons"});
    case AnswerType::any:
      return asks_kind(word);
    case AnswerType::yes_no:
      return false;
  }
  return false;
}

}  // namespace

bool is_preposition(std::string_view word) {
  return is_one_of(word,
                   {"in", "at", "from", "near", "to", "of", "on", "into", "through", "across", "between"});
}

namespace {

bool is_of_type(AnswerType type, const Words& words, std::size_t at) {
  const Word& word = words[at];
  const bool is_name = word.is_capital && !word.is_stop && !word.is_number &&
                       (!word.starts_sentence || (at + 1 < words.size() && words[at + 1].is_capital));
  switch (type) {
    case AnswerType::name:
      return is_name && !is_date_word(word);
    case AnswerType::time:
      return is_date_word(word);
    case AnswerType::number:
      return word.is_number;
    case AnswerType::place:
      return is_name && (at == 0 || is_preposition(words[at - 1].lower) || words[at - 1].is_capital ||
                         is_preposition(at > 1 ? std::string_view(words[at - 2].lower) : std::string_view()));
    case AnswerType::reason:
      return is_one_of(word.lower, {"because", "due", "since", "reason", "result", "caused", "led",
                                    "therefore", "thus", "order", "so", "as", "to"});
    case AnswerType::any:
    case AnswerType::yes_no:
      return true;
  }
  return true;
}

bool has_any(const Words& words, std::initializer_list<std::string_view> list) {
  return std::any_of(words.begin(), words.end(),
                     [&](const Word& word) { return is_one_of(word.lower, list); });
}

double fit_of_list(const Words& words) {
  const std::size_t wh = find_wh(words);
  const std::string_view next = lower_at(words, wh + 1);
  const bool is_plural_noun =
      next.size() > 3 && next.ends_with('s') && !next.ends_with("ss") && next != "does";
  const bool is_plural_verb = is_one_of(next, {"are", "were"}) && words.size() > wh + 3;
  double fit = has_any(words, {"list", "all", "examples", "types", "kinds", "members", "enumerate"}) ? 2 : 0;
  if (is_one_of(lower_at(words, wh), {"which", "what"}) && is_plural_noun) fit += 2;
  if (is_one_of(lower_at(words, wh), {"which", "what", "who"}) && is_plural_verb) fit += 1.5;
  return fit;
}

}  // namespace

bool Question::mentions(const std::string& stem) const {
  return std::any_of(words.begin(), words.end(), [&](const Word& word) { return word.stem == stem; });
}

Question read_question(std::string_view text, WordReader& reader) {
  Question question;
  question.words = reader.read(text);
  question.vectors = reader.vectors();
  question.answer_type = type_of(question.words);
  std::set<std::string> seen;
  const std::string* previous = nullptr;
  for (const auto& word : question.words) {
    if (word.is_stop || is_question_word(word.lower)) continue;
    if (previous != nullptr) question.pairs.emplace(*previous, word.stem);
    previous = &word.stem;
    if (!seen.insert(word.stem).second) continue;
    const bool is_name = (word.is_capital && !word.starts_sentence) || word.is_number;
    const double share = is_asking_noun(word.lower, question.answer_type) ? kAskingNounWeight : 1.0;
    question.terms.push_back({word.stem, word.weight * share, word.vector, is_name});
    question.total_weight += question.terms.back().weight;
  }
  return question;
}

bool holds_answer_type(const Question& question, const Words& words) {
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (is_of_type(question.answer_type, words, at) && !question.mentions(words[at].stem)) return true;
  }
  return question.answer_type == AnswerType::any;
}

double fit_of_kind(const Question& question, std::string_view kind) {
  const Words& words = question.words;
  const std::size_t wh = find_wh(words);
  const std::string_view asked = lower_at(words, wh);
  const bool is_be = is_one_of(lower_at(words, wh + 1), {"is", "are", "was", "were"});
  if (kind == "yes_no") return question.answer_type == AnswerType::yes_no ? 5 : 0;
  if (kind == "list") return fit_of_list(words);
  if (kind == "comparison") {
    double fit = has_any(words, {"compare", "compared", "versus", "vs", "difference", "differences", "differ",
                                 "than", "similarities", "contrast"})
                     ? 4
                     : 0;
    if (has_any(words, {"or"}) && (asked == "which" || asked == "who")) fit += 3.5;
    return fit;
  }
  if (kind == "explanation") {
    const bool is_how = asked == "how" && question.answer_type == AnswerType::any;
    return asked == "why" || is_how || has_any(words, {"explain", "describe", "reason", "cause"}) ? 3 : 0;
  }
  if (kind == "definition") {
    if (has_any(words, {"define", "definition", "meaning", "mean", "means"})) return 3;
    return (asked == "what" || asked == "who") && is_be && question.terms.size() <= 2 ? 3 : 0;
  }
  if (kind == "factoid") return wh < words.size() ? 1.5 : 1;
  return 0;
}

}  // namespace lyceum::model::lexical
