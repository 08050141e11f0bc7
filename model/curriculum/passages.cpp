#include "model/curriculum/passages.hpp"

#include <algorithm>

#include "base/json_lines.hpp"

namespace lyceum::model {
namespace {

std::string first_answer(const Json& row) {
  if (const auto answers = row.find("answers");
      answers != row.end() && answers->is_array() && !answers->empty())
    return answers->at(0).get<std::string>();
  return text_field(row, "answer");
}

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || byte >= 0x80;
}

bool is_whole(std::string_view text, std::size_t begin, std::size_t end) {
  const bool joins_left = begin > 0 && is_word_byte(text[begin - 1]) && is_word_byte(text[begin]);
  const bool joins_right = end < text.size() && is_word_byte(text[end - 1]) && is_word_byte(text[end]);
  return !joins_left && !joins_right;
}

}  // namespace

std::size_t PassageSet::add_passage(const std::string& title, const std::string& text) {
  const auto [place, is_new] = numbers_.emplace(text, passages.size());
  if (is_new) {
    passages.push_back(text);
    titles.push_back(title);
    sentences.push_back(split_sentences(text));
    index.add(text);
  }
  return place->second;
}

std::string_view PassageSet::text_of(std::size_t passage, TextRange range) const {
  return std::string_view(passages[passage]).substr(range.begin, range.end - range.begin);
}

std::string PassageSet::answer_of(const ReadingItem& item) const {
  return std::string(text_of(item.passage, item.answer));
}

bool PassageSet::is_evidence(const ReadingItem& item, TextRange sentence) const {
  return sentence.begin < item.answer.end && item.answer.begin < sentence.end;
}

std::vector<std::size_t> PassageSet::look_alikes(const ReadingItem& item, std::size_t count) const {
  const std::string answer = answer_of(item);
  const std::string_view own = passages[item.passage];
  std::vector<std::size_t> found;
  for (const auto& hit : index.search(item.question, 4 * count + 8)) {
    const std::string& text = passages[hit.text];
    if (hit.text == item.passage || text.find(answer) != std::string::npos) continue;
    if (text.compare(0, 40, own.substr(0, 40)) == 0) continue;
    found.push_back(hit.text);
    if (found.size() == count) break;
  }
  return found;
}

std::optional<TextRange> find_answer(std::string_view text, std::string_view answer,
                                     std::string_view question) {
  if (answer.empty()) return std::nullopt;
  const auto terms = content_terms(question);
  const auto sentences = split_sentences(text);
  std::optional<TextRange> best;
  std::size_t best_shared = 0;
  for (std::size_t at = text.find(answer); at != std::string_view::npos; at = text.find(answer, at + 1)) {
    if (!is_whole(text, at, at + answer.size())) continue;
    const auto sentence = std::find_if(sentences.begin(), sentences.end(),
                                       [&](TextRange range) { return range.begin <= at && at < range.end; });
    if (sentence == sentences.end()) continue;
    const std::size_t shared =
        shared_terms(terms, text.substr(sentence->begin, sentence->end - sentence->begin));
    if (best && shared <= best_shared) continue;
    best = TextRange{at, at + answer.size()};
    best_shared = shared;
  }
  return best;
}

Result<PassageSet> read_passage_set_blocking(Building& building, const std::string& files) {
  TRY(const auto rows, building.read_blocking(files, [](const Json& row) {
    return std::vector<std::string>{text_field(row, "question"), text_field(row, "context")};
  }));
  PassageSet set;
  for (const Json& row : rows) {
    const std::string context = text_field(row, "context");
    const std::string question = text_field(row, "question");
    const std::string answer = first_answer(row);
    std::optional<TextRange> range = find_answer(context, answer, question);
    if (const auto starts = row.find("starts");
        starts != row.end() && starts->is_array() && !starts->empty()) {
      const auto begin = starts->at(0).get<std::size_t>();
      // Offsets of the set count characters: they are bytes only before the first character of several.
      if (context.compare(begin, answer.size(), answer) == 0) range = TextRange{begin, begin + answer.size()};
    }
    if (!range || question.empty()) continue;
    set.items.push_back({question, set.add_passage(text_field(row, "title"), context), *range});
  }
  return set;
}

Result<PassageSet> read_supporting_facts_blocking(Building& building, const std::string& files) {
  TRY(const auto rows, building.read_blocking(files, [](const Json& row) {
    return std::vector<std::string>{text_field(row, "question")};
  }));
  PassageSet set;
  for (const Json& row : rows) {
    for (const Json& pair : row.at("context")) {
      const auto title = pair.at(0).get<std::string>();
      std::string text;
      std::vector<TextRange> ranges;
      for (const Json& sentence : pair.at(1)) {
        std::string piece = sentence.get<std::string>();
        piece.erase(0, piece.find_first_not_of(' '));
        if (!text.empty()) text += ' ';
        ranges.push_back({text.size(), text.size() + piece.size()});
        text += piece;
      }
      if (building.is_known(files, text)) continue;
      const std::size_t passage = set.add_passage(title, text);
      for (const Json& fact : row.at("supporting_facts")) {
        const auto number = fact.at(1).get<std::size_t>();
        if (fact.at(0) != title || number >= ranges.size() || ranges[number].begin >= text.size()) continue;
        set.items.push_back({text_field(row, "question"), passage, ranges[number]});
      }
    }
  }
  return set;
}

}  // namespace lyceum::model
