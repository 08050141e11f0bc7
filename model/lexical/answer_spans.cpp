#include "model/lexical/answer_spans.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace lyceum::model::lexical {
namespace {

constexpr double kLeastProbability = 1e-4;

// Fitted on 2,970 sentences of SQuAD training paragraphs that hold the answer, to the square of the F1 that
// is expected of a span drawn by its score.
constexpr SpanFeatures kSpanWeights = {0.13,  0.35,  0.37,  -0.02, -0.07, -0.87, -0.57, -0.79, -0.38, -0.61,
                                       0.45,  2.97,  -1.04, 0.35,  3.07,  -1.33, 1.6,   -2.47, 0.86,  -2.02,
                                       -1.94, -0.02, -1.41, -2.37, 0.33,  0.56,  -0.92, -1.08, -3.21, 0.63,
                                       0.7,   0.51,  -1.7,  0.15,  -2.83, 1.38,  1.05,  1.66,  -2.88, -4.28,
                                       0.45,  0.6,   0.92,  -1.83, -2.19, 0.45};

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_determiner(std::string_view word) {
  return is_one_of(word, {"the", "a", "an", "this", "that", "these", "those", "his", "her", "its", "their"});
}

bool is_other_preposition(std::string_view word) {
  return is_one_of(
      word, {"by", "for", "with", "as", "during", "since", "until", "under", "over", "after", "before"});
}

bool is_mark(std::string_view between) {
  return between.find_first_not_of(" \t\n'") != std::string_view::npos;
}

double log_odds_of(double probability) {
  const double p = std::clamp(probability, kLeastProbability, 1 - kLeastProbability);
  return std::log(p / (1 - p));
}

std::size_t first_of_kinds(AnswerType type) {
  if (type == AnswerType::time) return kTimeCapitals;
  if (type == AnswerType::number) return kNumberCapitals;
  return type == AnswerType::name || type == AnswerType::place ? kNameCapitals : kOtherCapitals;
}

double flag(bool value) {
  return value ? 1 : 0;
}

}  // namespace

SpanReader::SpanReader(const Question& question, std::string_view sentence, std::span<const TextRange> words,
                       std::span<const double> probabilities, WordReader& reader)
    : type_(question.answer_type) {
  const std::vector<Word> read = reader.read(sentence);
  std::size_t next = 0;
  std::size_t previous_end = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    Shape shape{.probability = probabilities[i], .log_odds = log_odds_of(probabilities[i])};
    sum_probabilities_ += probabilities[i];
    while (next < read.size() && read[next].end <= words[i].begin) ++next;
    shape.is_stop = true;
    for (std::size_t at = next; at < read.size() && read[at].begin < words[i].end; ++at) {
      const Word& word = read[at];
      const bool is_asked = question.mentions(word.stem);
      shape.is_stop = shape.is_stop && word.is_stop;
      shape.is_asked = shape.is_asked || (is_asked && !word.is_stop);
      shape.is_capital = shape.is_capital || (word.is_capital && !word.is_stop);
      shape.is_number = shape.is_number || word.is_number;
      shape.is_date = shape.is_date || is_date_word(word);
      if (at == next) {
        shape.is_determiner = is_determiner(word.lower);
        shape.is_preposition = is_preposition(word.lower) || is_other_preposition(word.lower);
      }
    }
    shape.has_mark_before = i == 0 || is_mark(sentence.substr(previous_end, words[i].begin - previous_end));
    previous_end = words[i].end;
    shapes_.push_back(shape);
  }
}

SpanFeatures SpanReader::features(std::size_t begin, std::size_t end) const {
  SpanFeatures f{};
  const Shape& first = shapes_[begin];
  const Shape& last = shapes_[end - 1];
  const Shape* before = begin > 0 ? &shapes_[begin - 1] : nullptr;
  const Shape* after = end < shapes_.size() ? &shapes_[end] : nullptr;
  const auto num_words = static_cast<double>(end - begin);
  const std::size_t kinds = first_of_kinds(type_);
  double sum = 0;
  double asked = 0;
  bool is_all_capital = true;
  for (std::size_t at = begin; at < end; ++at) {
    const Shape& shape = shapes_[at];
    f[kLogOdds] += shape.log_odds;
    sum += shape.probability;
    asked += flag(shape.is_asked);
    is_all_capital = is_all_capital && shape.is_capital;
    if (at > begin) f[kMarksInside] += flag(shape.has_mark_before);
    if (shape.is_asked) continue;
    f[kinds] += flag(shape.is_capital);
    f[kinds + 1] += flag(shape.is_number);
    f[kinds + 2] += flag(shape.is_date);
  }
  f[kExpectedF1] = 2 * sum / (num_words + sum_probabilities_);
  f[kFirstLogOdds] = first.log_odds;
  f[kLastLogOdds] = last.log_odds;
  f[kWords] = num_words;
  f[kLogWords] = std::log(num_words);
  f[kOneWord] = flag(num_words == 1);
  f[kTimeWords] = type_ == AnswerType::time ? num_words : 0;
  f[kNumberWords] = type_ == AnswerType::number ? num_words : 0;
  f[kNameWords] = type_ == AnswerType::name ? num_words : 0;
  f[kPlaceWords] = type_ == AnswerType::place ? num_words : 0;
  f[kReasonWords] = type_ == AnswerType::reason ? num_words : 0;
  f[kMarkBefore] = flag(first.has_mark_before);
  f[kMarkAfter] = flag(has_mark_before(end));
  f[kStopFirst] = flag(first.is_stop);
  f[kStopLast] = flag(last.is_stop);
  f[kStopBefore] = flag(before != nullptr && before->is_stop);
  f[kStopAfter] = flag(after != nullptr && after->is_stop);
  f[kDeterminerFirst] = flag(first.is_determiner);
  f[kPrepositionFirst] = flag(first.is_preposition);
  f[kPrepositionBefore] = flag(before != nullptr && before->is_preposition);
  f[kQuestionShare] = asked / num_words;
  f[kQuestionWord] = flag(asked > 0);
  f[kQuestionBefore] = flag(before != nullptr && before->is_asked);
  f[kQuestionAfter] = flag(after != nullptr && after->is_asked);
  const bool goes_on_before = before != nullptr && !first.has_mark_before;
  const bool goes_on_after = after != nullptr && !after->has_mark_before;
  f[kNameCutBefore] = flag(goes_on_before && first.is_capital && before->is_capital);
  f[kNameCutAfter] = flag(goes_on_after && last.is_capital && after->is_capital);
  f[kCapitalFirst] = flag(first.is_capital);
  f[kAllCapital] = flag(is_all_capital);
  f[kNumberFirst] = flag(first.is_number);
  f[kNumberCutBefore] = flag(goes_on_before && before->is_number);
  f[kNumberCutAfter] = flag(goes_on_after && after->is_number);
  f[kUnitCutAfter] = flag(goes_on_after && last.is_number && !after->is_stop);
  return f;
}

AnswerSpan best_answer_span(const SpanReader& reader) {
  AnswerSpan best{.begin = 0, .end = 1, .expected_f1 = 0};
  double best_score = -1e300;
  for (std::size_t begin = 0; begin < reader.size(); ++begin) {
    for (std::size_t end = begin + 1; end <= std::min(reader.size(), begin + kMaxSpanWords); ++end) {
      const SpanFeatures features = reader.features(begin, end);
      double score = 0;
      for (std::size_t i = 0; i < kNumSpanFeatures; ++i) score += kSpanWeights[i] * features[i];
      if (score > best_score) {
        best_score = score;
        best = {.begin = begin, .end = end, .expected_f1 = features[kExpectedF1]};
      }
    }
  }
  return best;
}

}  // namespace lyceum::model::lexical
