#include <algorithm>

#include "base/json_lines.hpp"
#include "base/text.hpp"
#include "model/curriculum/choices.hpp"
#include "model/curriculum/free_text.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMinSentenceBytes = 40;
constexpr std::size_t kMaxSentenceBytes = 250;
constexpr std::size_t kMaxSentences = 6;
constexpr std::size_t kMinRepeated = 12;
constexpr std::size_t kMaxRepeated = 48;
/// Over more tokens than this, repetition is learned an order of magnitude later.
constexpr std::size_t kRepeatedAlphabet = 64;
constexpr std::size_t kFirstRepeated = 32;

/// A few sentences that follow each other.
struct Passage {
  std::string text{};
  std::vector<TextRange> sentences{};

  std::string sentence(std::size_t i) const {
    return text.substr(sentences[i].begin, sentences[i].end - sentences[i].begin);
  }
};

/// Nothing when the paragraph has no three sentences of ordinary length in a row.
std::optional<Passage> cut_passage(Dice& dice, std::string_view paragraph) {
  const auto all = split_sentences(paragraph);
  if (all.size() < 3) return std::nullopt;
  const std::size_t first = dice.below(all.size() - 2);
  Passage passage;
  for (std::size_t i = first; i < std::min(all.size(), first + kMaxSentences); ++i) {
    const std::size_t length = all[i].end - all[i].begin;
    if (length < kMinSentenceBytes || length > kMaxSentenceBytes) break;
    passage.sentences.push_back({all[i].begin - all[first].begin, all[i].end - all[first].begin});
  }
  if (passage.sentences.size() < 3) return std::nullopt;
  passage.text = paragraph.substr(all[first].begin, passage.sentences.back().end);
  return passage;
}

/// The telling words of a sentence that stand in no other one of the passage, in any order.
std::vector<std::string> telling_words(Dice& dice, const Passage& passage, std::size_t asked) {
  std::vector<std::string> words;
  visit_index_terms(passage.sentence(asked), [&](std::string_view word, std::string_view) {
    if (is_stop_word(word) || word.size() < 4) return;
    for (std::size_t i = 0; i < passage.sentences.size(); ++i) {
      if (i != asked && passage.sentence(i).find(word) != std::string::npos) return;
    }
    if (std::find(words.begin(), words.end(), word) == words.end()) words.emplace_back(word);
  });
  dice.shuffle(words);
  words.resize(std::min<std::size_t>(words.size(), 2 + dice.below(3)));
  return words;
}

Result<void> add_keywords(Building& building, const Passage& passage) {
  Dice& dice = building.dice;
  const std::size_t asked = dice.below(passage.sentences.size());
  const auto words = telling_words(dice, passage, asked);
  if (words.size() < 2) return ok();
  std::string question;
  for (const std::string& word : words) question += (question.empty() ? "" : " ") + word;
  const SourceWindow window{.range = {0, passage.text.size()}, .sentences = passage.sentences};
  std::vector<bool> is_right(passage.sentences.size());
  is_right[asked] = true;
  const MarkedSentences marked = building.verbs.quote_sentences(
      {.task = "deep_search.evidence", .slots = {{"question", question}}}, passage.text, window);
  TRY_OK(building.writer.add_marks("matching", passage.text, marked.tokens, marked.marks, is_right));
  const bool is_relevant = dice.chance(0.5);
  const std::size_t shown = is_relevant ? asked : (asked + 1) % passage.sentences.size();
  const ChooseRequest request{
      .prompt = {.task = "deep_search.relevant",
                 .slots = {{"question", question}, {"quote", passage.sentence(shown)}}},
      .options = {"relevant", "not relevant"}};
  return add_choice(building, "matching", passage.text, request, is_relevant ? 0 : 1, 2);
}

}  // namespace

Result<void> add_matching_blocking(Building& building, const std::string& files, std::size_t documents_max) {
  TRY(auto rows, building.read_blocking(files, [](const Json&) { return std::vector<std::string>(); }));
  building.dice.shuffle(rows);
  std::size_t made = 0;
  for (const Json& row : rows) {
    const std::string text = text_field(row, "text");
    std::string_view left = text;
    while (!left.empty() && made < documents_max) {
      const std::size_t end = std::min(left.find('\n'), left.size() - 1) + 1;
      const std::string_view paragraph = left.substr(0, end);
      left.remove_prefix(end);
      const auto passage = cut_passage(building.dice, paragraph);
      if (!passage || building.is_known(files, paragraph)) continue;
      TRY_OK(add_keywords(building, *passage));
      ++made;
    }
    if (made == documents_max) break;
  }
  return ok();
}

Result<void> add_repetitions(Building& building, std::size_t documents_max) {
  Dice& dice = building.dice;
  for (std::size_t made = 0; made < documents_max; ++made) {
    const std::size_t length = kMinRepeated + dice.below(kMaxRepeated - kMinRepeated + 1);
    std::vector<TokenId> tokens;
    for (std::size_t i = 0; i < length; ++i)
      tokens.push_back(static_cast<TokenId>(kFirstRepeated + dice.below(kRepeatedAlphabet)));
    tokens.insert(tokens.end(), tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(length));
    TRY_OK(building.writer.add_repetition("repetition", tokens));
  }
  return ok();
}

}  // namespace lyceum::model
