#include "model/lexical/words.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.hpp"

namespace lyceum::model::lexical {
namespace {

constexpr double kMaxWeight = 20;
constexpr double kUnweighted = 1;  // Where the corpus says nothing useful (not a number, negative).

bool is_ascii_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_wide(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

// Bytes of the punctuation at `at` that UTF-8 writes as C2 xx (Latin-1 signs), E2 80/81 xx (dashes, quotes)
// or E3 80 xx (ideographic); 0 when a letter stands there.
std::size_t wide_punctuation(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead == 0xC2) return std::min<std::size_t>(2, text.size() - at);
  const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0U;
  const bool is_general = lead == 0xE2 && (next == 0x80 || next == 0x81);
  const bool is_ideographic = lead == 0xE3 && next == 0x80;
  return is_general || is_ideographic ? std::min<std::size_t>(3, text.size() - at) : 0;
}

bool starts_word(std::string_view text, std::size_t at) {
  const char c = text[at];
  return is_ascii_letter(c) || is_digit(c) || (is_wide(c) && wide_punctuation(text, at) == 0);
}

// "10,000" and "6.5" are one word, "1990, 1991" and "end.Next" are not.
bool joins_digits(std::string_view text, std::size_t at) {
  return (text[at] == ',' || text[at] == '.') && at > 0 && is_digit(text[at - 1]) && at + 1 < text.size() &&
         is_digit(text[at + 1]);
}

std::size_t end_of_word(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  while (end < text.size() && (starts_word(text, end) || joins_digits(text, end))) ++end;
  return end;
}

bool is_capital_at(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c >= 'A' && c <= 'Z') return true;
  // À to Þ in UTF-8.
  if (static_cast<unsigned char>(c) != 0xC3 || at + 1 >= text.size()) return false;
  const auto next = static_cast<unsigned char>(text[at + 1]);
  return next >= 0x80 && next <= 0x9E;
}

bool is_sentence_end(char c) {
  return c == '.' || c == '!' || c == '?' || c == '\n' || c == ':';
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string squeeze(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
    if (!is_space) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool is_number_word(std::string_view lower) {
  static constexpr std::array kWords = std::to_array<std::string_view>(
      {"billion",  "dozen",   "eight",     "eighteen", "eighty",   "eleven",    "fifteen",
       "fifty",    "five",    "forty",     "four",     "fourteen", "half",      "hundred",
       "hundreds", "million", "millions",  "nine",     "nineteen", "ninety",    "one",
       "quarter",  "seven",   "seventeen", "seventy",  "six",      "sixteen",   "sixty",
       "ten",      "third",   "thirteen",  "thirty",   "thousand", "thousands", "three",
       "trillion", "twelve",  "twenty",    "twice",    "two",      "zero"});
  return std::binary_search(kWords.begin(), kWords.end(), lower);
}

bool is_date_word(const Word& word) {
  static constexpr std::array kNames = std::to_array<std::string_view>(
      {"april", "august", "century", "december", "february", "friday", "january", "july", "june", "march",
       "monday", "november", "october", "saturday", "september", "sunday", "thursday", "tuesday",
       "wednesday"});
  if (std::binary_search(kNames.begin(), kNames.end(), std::string_view(word.lower))) {
    return word.is_capital || word.lower == "century";
  }
  if (!word.is_number || word.lower.size() < 4) return false;
  const bool is_four_digits = std::all_of(word.lower.begin(), word.lower.begin() + 4, is_digit);
  const bool is_decade = word.lower.size() == 5 && word.lower.back() == 's';
  return is_four_digits && (word.lower.size() == 4 || is_decade) && word.lower[0] >= '1' &&
         word.lower[0] <= '2';
}

double best_likeness(const WordVectors* vectors, std::optional<WordVectors::Row> vector,
                     const std::vector<Word>& words) {
  double best = 0;
  if (vectors == nullptr || !vector) return best;
  for (const auto& word : words) {
    if (word.vector) best = std::max(best, vectors->similarity(*vector, *word.vector));
  }
  return best;
}

const WordReader::Known& WordReader::look_up(const std::string& lower) {
  const auto found = known_.find(lower);
  if (found != known_.end()) return found->second;
  Known known;
  for (const auto& term : index_terms(lower)) known.stem += term;
  if (known.stem.empty()) known.stem = lower;
  known.is_stop = is_stop_word(lower);
  if (!known.is_stop) {
    const double weight = weight_ ? weight_(lower) : kUnweighted;
    if (vectors_ != nullptr) known.vector = vectors_->find(lower);
    known.weight = std::isfinite(weight) && weight > 0 ? std::min(weight, kMaxWeight) : kUnweighted;
  }
  return known_.emplace(lower, std::move(known)).first->second;
}

std::vector<Word> WordReader::read(std::string_view text) {
  std::vector<Word> words;
  bool starts_sentence = true;
  for (std::size_t at = 0; at < text.size();) {
    if (!starts_word(text, at)) {
      starts_sentence = starts_sentence || is_sentence_end(text[at]);
      at += std::max<std::size_t>(1, is_wide(text[at]) ? wide_punctuation(text, at) : 1);
      continue;
    }
    Word word{.begin = at, .end = end_of_word(text, at)};
    at = word.end;
    word.lower = to_lower(text.substr(word.begin, word.end - word.begin));
    std::erase(word.lower, ',');
    // What an apostrophe leaves behind ("NFL's", "don't").
    const bool is_clitic =
        word.begin > 0 && (text[word.begin - 1] == '\'' || is_wide(text[word.begin - 1])) &&
        (word.lower == "s" || word.lower == "t" || word.lower == "re" || word.lower == "ll");
    if (is_clitic) continue;
    const Known& known = look_up(word.lower);
    word.stem = known.stem;
    word.weight = known.weight;
    word.vector = known.vector;
    word.is_stop = known.is_stop;
    word.is_capital = is_capital_at(text, word.begin);
    word.is_number = is_digit(word.lower[0]) || is_number_word(word.lower);
    word.starts_sentence = starts_sentence;
    starts_sentence = false;
    words.push_back(std::move(word));
  }
  return words;
}

}  // namespace lyceum::model::lexical
