#include <algorithm>
#include <map>
#include <set>

#include "model/lexical/question.hpp"
#include "model/lexical/slots.hpp"
#include "model/lexical/tasks.hpp"

namespace lyceum::model::lexical {
namespace {

constexpr std::size_t kMaxQueries = 3;
constexpr std::size_t kFeedbackTerms = 2;

/// Two queries with the same stems find the same passages.
std::set<std::string> key_of(const std::string& query, WordReader& reader) {
  std::set<std::string> stems;
  for (const auto& word : reader.read(query)) {
    if (!word.is_stop) stems.insert(word.stem);
  }
  return stems;
}

class QueryList {
 public:
  QueryList(const Json& slots, WordReader& reader) : reader_(reader) {
    for (const auto& query : texts_slot(slots, "seen")) seen_.insert(key_of(query, reader_));
  }

  void add(const std::string& query) {
    auto key = key_of(query, reader_);
    if (key.empty() || queries_.size() == kMaxQueries || !seen_.insert(std::move(key)).second) return;
    queries_.push_back(query);
  }

  Json take() { return {{"queries", std::move(queries_)}}; }

 private:
  WordReader& reader_;
  std::set<std::set<std::string>> seen_;
  Json queries_ = Json::array();
};

std::string surface(const std::string& text, const Word& word) {
  return text.substr(word.begin, word.end - word.begin);
}

void append(std::string& query, const std::string& word) {
  if (word.empty()) return;
  if (!query.empty()) query += ' ';
  query += word;
}

// The question's telling words as they are written; `names_only` keeps names and numbers.
std::string keywords(const std::string& text, const Question& question, bool names_only) {
  std::string query;
  std::set<std::string> used;
  for (const auto& word : question.words) {
    const auto term =
        std::find_if(question.terms.begin(), question.terms.end(),
                     [&](const QuestionTerm& candidate) { return candidate.stem == word.stem; });
    if (term == question.terms.end() || (names_only && !term->is_name_or_number)) continue;
    if (used.insert(word.stem).second) append(query, surface(text, word));
  }
  return query;
}

// Telling words that what was found repeats and the question lacks (Rocchio's idea, positive part only).
std::vector<std::string> feedback_words(const Question& question, const std::vector<std::string>& found,
                                        WordReader& reader) {
  struct Seen {
    double weight = 0;
    std::string word{};
  };

  std::map<std::string, Seen> by_stem;
  for (const auto& text : found) {
    for (const auto& word : reader.read(text)) {
      if (word.is_stop || word.is_number || question.mentions(word.stem)) continue;
      auto& seen = by_stem[word.stem];
      seen.weight += word.weight;
      if (seen.word.empty()) seen.word = surface(text, word);
    }
  }
  std::vector<Seen> ranked;
  for (auto& [stem, seen] : by_stem) ranked.push_back(std::move(seen));
  std::sort(ranked.begin(), ranked.end(), [](const Seen& a, const Seen& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.word < b.word;
  });
  std::vector<std::string> words;
  for (std::size_t at = 0; at < std::min(kFeedbackTerms, ranked.size()); ++at)
    words.push_back(ranked[at].word);
  return words;
}

}  // namespace

Json write_queries(const Json& slots, WordReader& reader) {
  const std::string text = squeeze(text_slot(slots, "question"));
  const Question question = read_question(text, reader);
  const std::string names = keywords(text, question, true);
  QueryList list(slots, reader);

  list.add(keywords(text, question, false));
  const auto missing = texts_slot(slots, "missing_terms");
  std::string names_and_missing = names;
  std::string only_missing;
  for (const auto& term : missing) {
    append(names_and_missing, term);
    append(only_missing, term);
  }
  if (!missing.empty()) list.add(names_and_missing);
  for (const auto& entity : texts_slot(slots, "map_entities"))
    list.add(entity + " " + (only_missing.empty() ? keywords(text, question, false) : only_missing));
  std::string widened = names.empty() ? keywords(text, question, false) : names;
  for (const auto& word : feedback_words(question, texts_slot(slots, "found"), reader)) append(widened, word);
  list.add(widened);
  list.add(only_missing);
  list.add(names);
  return list.take();
}

}  // namespace lyceum::model::lexical
