#include "model/lexical/relevance.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace lyceum::model::lexical {
namespace {

// A word that shares most of its letters ("Norman", "Normandy") counts in part.
constexpr double kNearMatch = 0.5;
constexpr std::size_t kMinNearStem = 5;
constexpr double kLongSentence = 60;

// Logistic regression (Newton, ridge 2) on 93,000 sentences of SQuAD training paragraphs, those of other
// paragraphs of the same article among them; kTwoSentences is set by hand so that a pair wins only when its
// second half adds something.
constexpr double kBias = -5.1;
constexpr Features kWeights = {9.0, -1.5, -0.6, 2.1, 1.25, 0.2, 0.15, -1.55, 0.3, -0.7, 4.5};
// Likeness came later: its weight is the best beside the others, and this keeps the mean.
constexpr double kBiasWithVectors = -5.4;

bool is_near(std::string_view a, std::string_view b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  const std::size_t longer = std::max(a.size(), b.size());
  if (shorter < kMinNearStem || longer > shorter + 4) return false;
  return a.substr(0, shorter) == b.substr(0, shorter);
}

double match_of(const QuestionTerm& term, const std::vector<Word>& words) {
  double best = 0;
  for (const auto& word : words) {
    if (word.stem == term.stem) return 1;
    if (is_near(word.stem, term.stem)) best = kNearMatch;
  }
  return best;
}

bool is_term(const Question& question, const std::string& stem) {
  return std::any_of(question.terms.begin(), question.terms.end(),
                     [&](const QuestionTerm& term) { return term.stem == stem; });
}

// Distinct matched terms over the words that the tightest run of matches spans.
double compactness_of(const Question& question, const std::vector<Word>& words) {
  std::set<std::string> matched;
  std::size_t first = words.size();
  std::size_t last = 0;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (words[at].is_stop || !is_term(question, words[at].stem)) continue;
    matched.insert(words[at].stem);
    first = std::min(first, at);
    last = at;
  }
  if (matched.size() < 2) return 0;
  return static_cast<double>(matched.size()) / static_cast<double>(last - first + 1);
}

double pair_share(const Question& question, const std::vector<Word>& words) {
  if (question.pairs.empty()) return 0;
  std::set<std::pair<std::string, std::string>> found;
  const Word* previous = nullptr;
  for (const auto& word : words) {
    if (word.is_stop) continue;
    if (previous != nullptr && question.pairs.contains({previous->stem, word.stem})) {
      found.emplace(previous->stem, word.stem);
    }
    previous = &word;
  }
  return static_cast<double>(found.size()) / static_cast<double>(question.pairs.size());
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

double coverage_of(const Question& question, const std::vector<Word>& words) {
  if (question.total_weight <= 0) return 0;
  double covered = 0;
  for (const auto& term : question.terms) covered += term.weight * match_of(term, words);
  return covered / question.total_weight;
}

Features features_of(const Question& question, const Passage& passage) {
  Features features{};
  double covered = 0;
  double names = 0;
  double covered_names = 0;
  double nearby = 0;
  double alike = 0;
  for (const auto& term : question.terms) {
    const double match = match_of(term, passage.words);
    if (match == 0) {
      const double likeness = best_likeness(question.vectors, term.vector, passage.words);
      alike += term.weight * likeness * likeness;
    }
    covered += term.weight * match;
    if (match < 1) nearby += term.weight * std::max(0.0, match_of(term, passage.before) - match);
    if (!term.is_name_or_number) continue;
    names += term.weight;
    covered_names += term.weight * match;
  }
  const double total = std::max(question.total_weight, 1e-9);
  const bool is_definite =
      question.answer_type != AnswerType::any && question.answer_type != AnswerType::yes_no;
  const bool has_type = holds_answer_type(question, passage.words);
  features[kCoverage] = covered / total;
  features[kCoverageSquared] = features[kCoverage] * features[kCoverage];
  features[kNameCoverage] = names > 0 ? covered_names / names : features[kCoverage];
  features[kNearbyCoverage] = nearby / total;
  features[kPairs] = pair_share(question, passage.words);
  features[kCompactness] = compactness_of(question, passage.words);
  features[kAnswerType] = is_definite && has_type ? 1 : 0;
  features[kNoAnswerType] = is_definite && !has_type ? 1 : 0;
  features[kLength] = std::min(1.0, static_cast<double>(passage.words.size()) / kLongSentence);
  features[kAlike] = alike / total;
  features[kTwoSentences] = passage.is_two_sentences ? 1 : 0;
  return features;
}

double relevance(const Question& question, const Passage& passage) {
  const Features features = features_of(question, passage);
  if (features[kCoverage] + features[kAlike] <= 0) return 0;
  double sum = question.vectors != nullptr ? kBiasWithVectors : kBias;
  for (std::size_t index = 0; index < kNumFeatures; ++index) sum += kWeights[index] * features[index];
  return sigmoid(sum);
}

std::vector<ScoredRange> score_windows(const Question& question, std::string_view text, WordReader& reader) {
  const auto sentences = split_sentences(text);
  std::vector<std::vector<Word>> words;
  words.reserve(sentences.size());
  for (const auto& range : sentences)
    words.push_back(reader.read(text.substr(range.begin, range.end - range.begin)));
  std::vector<ScoredRange> windows;
  windows.reserve(2 * sentences.size());
  Passage passage;
  for (std::size_t at = 0; at < sentences.size(); ++at) {
    passage.words = words[at];
    passage.is_two_sentences = false;
    windows.push_back({sentences[at], relevance(question, passage)});
    if (at + 1 < sentences.size()) {
      passage.words.insert(passage.words.end(), words[at + 1].begin(), words[at + 1].end());
      passage.is_two_sentences = true;
      windows.push_back({{sentences[at].begin, sentences[at + 1].end}, relevance(question, passage)});
    }
    passage.before = words[at];
  }
  return windows;
}

double best_relevance(const Question& question, std::string_view text, WordReader& reader) {
  double best = 0;
  for (const auto& window : score_windows(question, text, reader)) best = std::max(best, window.score);
  return best;
}

}  // namespace lyceum::model::lexical
