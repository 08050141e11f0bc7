#include "model/curriculum/free_text.hpp"

#include <algorithm>

#include "base/json_lines.hpp"
#include "model/curriculum/asked_sentences.hpp"
#include "model/curriculum/passages.hpp"
#include "model/curriculum/reading.hpp"
#include "model/curriculum/statements.hpp"
#include "model/lexical_index.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMinParagraphBytes = 200;
constexpr std::size_t kMaxParagraphBytes = 1800;
constexpr std::size_t kMinSentenceBytes = 50;
constexpr std::size_t kMaxSentenceBytes = 300;
constexpr std::size_t kMinClozeShared = 2;
constexpr std::size_t kMaxNegatives = 4;
constexpr const char* kBlank = "____";

class Article {
 public:
  Article(Building& building, const std::string& files, const Json& row)
      : building_(building), dice_(building.dice), title_(text_field(row, "title")) {
    std::string_view left = row.at("text").get_ref<const std::string&>();
    while (!left.empty()) {
      const std::size_t end = std::min(left.find('\n'), left.size() - 1) + 1;
      const std::string_view paragraph = left.substr(0, end);
      left.remove_prefix(end);
      if (paragraph.size() < kMinParagraphBytes || paragraph.size() > kMaxParagraphBytes) continue;
      if (!building.is_known(files, paragraph)) paragraphs_.emplace_back(paragraph);
    }
  }

  bool is_empty() const { return paragraphs_.empty() || title_.empty(); }

  /// "What is TITLE?" is answered by the first sentence that names it.
  void add_definition(PassageSet& set) const {
    const std::string& first = paragraphs_[0];
    const auto sentences = split_sentences(first);
    if (sentences.size() < 3) return;
    const std::string head = first.substr(sentences[0].begin, sentences[0].end - sentences[0].begin);
    const std::string name = title_.substr(0, title_.find(" ("));
    if (head.find(name) == std::string::npos) return;
    const bool is_person = head.find(" born ") != std::string::npos ||
                           head.find(" he ") != std::string::npos ||
                           head.find("(born") != std::string::npos || head.find(" – ") != std::string::npos;
    const bool is_past = head.find(" was ") != std::string::npos;
    const std::string question =
        std::string(is_person ? "Who " : "What ") + (is_past ? "was " : "is ") + name + "?";
    set.items.push_back({question, set.add_passage(title_, first), sentences[0]});
  }

  /// A sentence with a blank, and a paragraph elsewhere in the article that fills it.
  void add_cloze(PassageSet& set) const {
    if (paragraphs_.size() < 2) return;
    for (std::size_t tries = 0; tries < 6; ++tries) {
      const std::size_t from = dice_.below(paragraphs_.size());
      const std::string sentence = pick_sentence(paragraphs_[from]);
      if (sentence.empty()) continue;
      auto places = names_in(sentence);
      const auto numbers = numbers_in(sentence);
      places.insert(places.end(), numbers.begin(), numbers.end());
      if (places.empty()) continue;
      const TextRange place = dice_.pick(places);
      const std::string answer = sentence.substr(place.begin, place.end - place.begin);
      if (title_.find(answer) != std::string::npos) continue;
      const std::string question = sentence.substr(0, place.begin) + kBlank + sentence.substr(place.end);
      if (add_cloze_item(set, question, answer, from)) return;
    }
  }

  /// Questions made of sentences of one paragraph each.
  void add_asked(PassageSet& set, const WordForms& forms) const {
    const std::string& paragraph = dice_.pick(paragraphs_);
    const auto sentences = split_sentences(paragraph);
    if (sentences.size() < 3) return;
    const TextRange sentence = dice_.pick(sentences);
    const auto asked = ask(dice_, title_, paragraph, sentence, forms);
    if (asked) set.items.push_back({asked->question, set.add_passage(title_, paragraph), asked->answer});
  }

  void add_words(WordForms& forms) const {
    for (const std::string& paragraph : paragraphs_) forms.add(paragraph);
  }

  Result<void> add_pairs() const {
    if (paragraphs_.size() < 3) return ok();
    const std::size_t own = dice_.below(paragraphs_.size());
    const std::string sentence = pick_sentence(paragraphs_[own]);
    if (sentence.empty()) return ok();
    std::string rest = paragraphs_[own];
    // A sentence that is left in its paragraph in one case of ten teaches to match words, too.
    if (const auto at = rest.find(sentence); at != std::string::npos && !dice_.chance(0.1))
      rest.erase(at, sentence.size());
    TRY_OK(add_pair(sentence, dice_.chance(0.3) ? title_ + "\n" + rest : rest, own));
    return add_pair(title_, paragraphs_[0], 0);
  }

 private:
  std::string pick_sentence(const std::string& paragraph) const {
    const auto sentences = split_sentences(paragraph);
    if (sentences.size() < 2) return {};
    const TextRange range = dice_.pick(sentences);
    const std::size_t length = range.end - range.begin;
    if (length < kMinSentenceBytes || length > kMaxSentenceBytes) return {};
    return paragraph.substr(range.begin, length);
  }

  bool add_cloze_item(PassageSet& set, const std::string& question, const std::string& answer,
                      std::size_t from) const {
    const auto terms = content_terms(question);
    for (std::size_t i = 0; i < paragraphs_.size(); ++i) {
      if (i == from) continue;
      const auto range = find_answer(paragraphs_[i], answer, question);
      if (!range) continue;
      const auto sentences = split_sentences(paragraphs_[i]);
      const auto holder = std::find_if(sentences.begin(), sentences.end(), [&](TextRange sentence) {
        return sentence.begin <= range->begin && range->begin < sentence.end;
      });
      if (holder == sentences.end()) continue;
      const auto text = std::string_view(paragraphs_[i]).substr(holder->begin, holder->end - holder->begin);
      if (shared_terms(terms, text) < kMinClozeShared) continue;
      set.items.push_back({question, set.add_passage(title_, paragraphs_[i]), *range});
      return true;
    }
    return false;
  }

  Result<void> add_pair(const std::string& query, const std::string& positive, std::size_t own) const {
    const auto terms = content_terms(query);
    std::vector<std::pair<std::size_t, std::size_t>> others;
    for (std::size_t i = 0; i < paragraphs_.size(); ++i) {
      if (i != own) others.emplace_back(shared_terms(terms, paragraphs_[i]), i);
    }
    std::sort(others.rbegin(), others.rend());
    DataWriter::Pair pair{
        .query = building_.verbs.embed(query), .positive = building_.verbs.embed(positive), .negatives = {}};
    // Other paragraphs answer a title as well as the first one does.
    if (query != title_) {
      for (std::size_t i = 0; i < std::min(kMaxNegatives, others.size()); ++i)
        pair.negatives.push_back(building_.verbs.embed(paragraphs_[others[i].second]));
    }
    return building_.writer.add_pair("free_text", title_, pair);
  }

  Building& building_;
  Dice& dice_;
  std::string title_;
  std::vector<std::string> paragraphs_{};
};

}  // namespace

Result<void> add_free_text_blocking(Building& building, const std::string& files, std::size_t documents_max) {
  TRY(auto rows, building.read_blocking(files, [](const Json&) { return std::vector<std::string>(); }));
  building.dice.shuffle(rows);
  PassageSet definitions;
  PassageSet clozes;
  for (std::size_t i = 0; i < std::min(documents_max, rows.size()); ++i) {
    const Article article(building, files, rows[i]);
    if (article.is_empty()) continue;
    article.add_definition(definitions);
    article.add_cloze(clozes);
    TRY_OK(article.add_pairs());
  }
  TRY_OK(add_reading(building, definitions,
                     {.origin = "definitions", .has_short_answers = false, .has_pairs = false}));
  return add_reading(building, clozes, {.origin = "clozes", .has_pairs = false});
}

Result<void> add_asked_sentences_blocking(Building& building, const std::string& files,
                                          std::size_t documents_max, std::size_t passes) {
  TRY(auto rows, building.read_blocking(files, [](const Json&) { return std::vector<std::string>(); }));
  building.dice.shuffle(rows);
  rows.resize(std::min(rows.size(), documents_max));
  std::vector<Article> articles;
  WordForms forms;
  for (const Json& row : rows) {
    Article article(building, files, row);
    if (article.is_empty()) continue;
    article.add_words(forms);
    articles.push_back(std::move(article));
  }
  PassageSet set;
  for (std::size_t pass = 0; pass < passes; ++pass) {
    for (const Article& article : articles) article.add_asked(set, forms);
  }
  return add_reading(building, set, {.origin = "asked"});
}

}  // namespace lyceum::model
