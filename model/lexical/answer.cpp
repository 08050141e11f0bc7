#include <algorithm>
#include <set>

#include "model/lexical/relevance.hpp"
#include "model/lexical/slots.hpp"
#include "model/lexical/tasks.hpp"

namespace lyceum::model::lexical {
namespace {

constexpr std::size_t kMaxSentences = 6;
// A sentence is told when it is about as relevant as the best one.
constexpr double kShareOfBest = 0.5;
constexpr double kSameSentence = 0.8;

struct Evidence {
  std::int64_t n = 0;
  std::string quote{};
  std::string title{};
};

struct Candidate {
  std::string text{};
  std::string title{};
  std::set<std::string> stems{};
  std::vector<std::int64_t> citations{};
  double score = 0;
  std::size_t order = 0;
};

std::vector<Evidence> read_evidence(const Json& slots) {
  std::vector<Evidence> evidence;
  for (const auto& item : array_slot(slots, "evidence")) {
    if (evidence.size() == kMaxSlotItems) break;
    if (!item.is_object()) continue;
    const auto n = item.find("n");
    if (n == item.end() || !n->is_number_integer()) continue;
    Evidence read{n->get<std::int64_t>(), text_slot(item, "quote"), squeeze(text_slot(item, "title"))};
    if (!squeeze(read.quote).empty()) evidence.push_back(std::move(read));
  }
  return evidence;
}

std::string as_sentence(std::string_view raw) {
  std::string text = squeeze(raw);
  const auto begin = text.find_first_not_of("-*,; ");
  text = begin == std::string::npos ? std::string() : text.substr(begin);
  if (text.empty()) return text;
  if (std::string_view(".!?\"')").find(text.back()) == std::string_view::npos) text += '.';
  return text;
}

bool begins_with_pronoun(const std::vector<Word>& words) {
  static const std::set<std::string, std::less<>> kPronouns = {
      "he", "her", "his", "it", "its", "she", "their", "these", "they", "this", "those"};
  return !words.empty() && kPronouns.contains(words[0].lower);
}

// Only a word that cannot be a name loses its capital.
std::string after_comma(std::string text, const std::vector<Word>& words) {
  const bool is_plain = !words.empty() && words[0].begin == 0 && words[0].is_stop && words[0].lower != "i";
  if (is_plain && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::string attributed(const std::string& text, const std::string& title, WordReader& reader) {
  if (title.empty()) return text;
  return "According to " + title + ", " + after_comma(text, reader.read(text));
}

double overlap_of(const std::set<std::string>& a, const std::set<std::string>& b) {
  const auto common =
      std::count_if(a.begin(), a.end(), [&](const std::string& stem) { return b.contains(stem); });
  const auto total = static_cast<double>(a.size() + b.size()) - static_cast<double>(common);
  return total > 0 ? static_cast<double>(common) / total : 1;
}

void add_or_merge(std::vector<Candidate>& candidates, Candidate candidate) {
  for (auto& other : candidates) {
    if (overlap_of(other.stems, candidate.stems) < kSameSentence) continue;
    const auto n = candidate.citations[0];
    if (std::find(other.citations.begin(), other.citations.end(), n) == other.citations.end()) {
      other.citations.push_back(n);
    }
    other.score = std::max(other.score, candidate.score);
    return;
  }
  candidate.order = candidates.size();
  candidates.push_back(std::move(candidate));
}

std::vector<Candidate> read_candidates(const std::vector<Evidence>& evidence, const Question& question,
                                       WordReader& reader) {
  std::vector<Candidate> candidates;
  for (const auto& item : evidence) {
    std::vector<Word> before;
    for (const auto& range : split_sentences(item.quote)) {
      const auto raw = std::string_view(item.quote).substr(range.begin, range.end - range.begin);
      Passage passage{reader.read(raw), before};
      Candidate candidate{.text = as_sentence(raw), .title = item.title, .citations = {item.n}};
      if (candidate.text.empty() || passage.words.empty()) continue;
      candidate.score = relevance(question, passage);
      for (const auto& word : passage.words) candidate.stems.insert(word.stem);
      before = std::move(passage.words);
      add_or_merge(candidates, std::move(candidate));
    }
  }
  return candidates;
}

const Evidence* find(const std::vector<Evidence>& evidence, const Json& conflict, const char* side) {
  const auto n = conflict.find(side);
  if (n == conflict.end() || !n->is_number_integer()) return nullptr;
  const auto found = std::find_if(evidence.begin(), evidence.end(),
                                  [&](const Evidence& item) { return item.n == n->get<std::int64_t>(); });
  return found == evidence.end() ? nullptr : &*found;
}

std::string best_sentence(const Evidence& item, const Question& question, WordReader& reader) {
  std::string best;
  double best_score = -1;
  for (const auto& range : split_sentences(item.quote)) {
    const auto raw = std::string_view(item.quote).substr(range.begin, range.end - range.begin);
    const double score = relevance(question, {reader.read(raw), {}});
    if (score <= best_score) continue;
    best = as_sentence(raw);
    best_score = score;
  }
  return best;
}

Json sentence(std::string text, std::vector<std::int64_t> citations) {
  return {{"text", std::move(text)}, {"citations", std::move(citations)}};
}

// Both sides, each with its source; `told` gets the evidence that need not be told again.
void tell_conflicts(const Json& slots, const std::vector<Evidence>& evidence, const Question& question,
                    WordReader& reader, Json& sentences, std::set<std::int64_t>& told) {
  for (const auto& conflict : array_slot(slots, "conflicts")) {
    if (!conflict.is_object() || sentences.size() + 3 > kMaxSentences) continue;
    const Evidence* a = find(evidence, conflict, "a");
    const Evidence* b = find(evidence, conflict, "b");
    if (a == nullptr || b == nullptr || a->n == b->n) continue;
    const std::string about = squeeze(text_slot(conflict, "about"));
    sentences.push_back(sentence(
        about.empty() ? "The sources disagree." : "The sources disagree about " + about + ".", {a->n, b->n}));
    for (const Evidence* side : {a, b}) {
      if (!told.insert(side->n).second) continue;
      sentences.push_back(
          sentence(attributed(best_sentence(*side, question, reader), side->title, reader), {side->n}));
    }
  }
}

}  // namespace

Json write_answer(const Json& slots, WordReader& reader) {
  const Question question = read_question(text_slot(slots, "question"), reader);
  const auto evidence = read_evidence(slots);
  Json sentences = Json::array();
  std::set<std::int64_t> told;
  tell_conflicts(slots, evidence, question, reader, sentences, told);

  auto candidates = read_candidates(evidence, question, reader);
  std::erase_if(candidates, [&](const Candidate& candidate) {
    return std::any_of(candidate.citations.begin(), candidate.citations.end(),
                       [&](std::int64_t n) { return told.contains(n); });
  });
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.order < b.order;
  });
  const double floor = candidates.empty() ? 0 : kShareOfBest * candidates[0].score;
  for (auto& candidate : candidates) {
    if (sentences.size() == kMaxSentences || candidate.score < floor) break;
    const bool needs_title = begins_with_pronoun(reader.read(candidate.text));
    std::string text = needs_title ? attributed(candidate.text, candidate.title, reader) : candidate.text;
    sentences.push_back(sentence(std::move(text), std::move(candidate.citations)));
  }
  return {{"sentences", std::move(sentences)}};
}

}  // namespace lyceum::model::lexical
