#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include "model/decoding/softmax.hpp"
#include "model/lexical/relevance.hpp"
#include "model/lexical/slots.hpp"
#include "model/lexical/tasks.hpp"

namespace lyceum::model::lexical {
namespace {

constexpr double kOverlapSharpness = 4;
// Fitted on tool and relation choices that no evaluation uses.
constexpr double kTopicWeight = 5;
constexpr double kAskedWeight = 4.5;
constexpr double kOptionWeight = 5;
// A relevance above which a passage is more likely than not to be of use; a lower one is needed to be about
// the question than to settle it.
constexpr double kRelevantThreshold = 0.22;
constexpr double kEnoughThreshold = 0.3;

std::optional<std::size_t> index_of(const std::vector<std::string>& options, const std::string& name) {
  const auto found = std::find(options.begin(), options.end(), name);
  if (found == options.end()) return std::nullopt;
  return static_cast<std::size_t>(found - options.begin());
}

// Moves `score` so that `threshold` becomes one half (a change of the prior odds).
double centred(double score, double threshold) {
  const double yes = score * (1 - threshold);
  const double no = (1 - score) * threshold;
  return yes + no > 0 ? yes / (yes + no) : 0.5;
}

// Two named options; nothing when the request has others.
std::optional<std::vector<double>> two_way(const ChooseRequest& request, const char* yes, const char* no,
                                           double p) {
  const auto yes_index = index_of(request.options, yes);
  const auto no_index = index_of(request.options, no);
  if (request.options.size() != 2 || !yes_index || !no_index) return std::nullopt;
  std::vector<double> probabilities(2);
  probabilities[*yes_index] = p;
  probabilities[*no_index] = 1 - p;
  return probabilities;
}

std::vector<double> choose_kind(const ChooseRequest& request, WordReader& reader) {
  const Question question = read_question(text_slot(request.prompt.slots, "question"), reader);
  std::vector<double> scores;
  scores.reserve(request.options.size());
  for (const auto& option : request.options) scores.push_back(fit_of_kind(question, option));
  return softmax(std::move(scores));
}

double probability_enough(const Json& slots, WordReader& reader) {
  const Question question = read_question(text_slot(slots, "question"), reader);
  double best = 0;
  std::vector<Word> all;
  for (const auto& quote : texts_slot(slots, "quotes")) {
    best = std::max(best, best_relevance(question, quote, reader));
    const auto words = reader.read(quote);
    all.insert(all.end(), words.begin(), words.end());
  }
  if (all.empty()) return 0.01;
  if (!holds_answer_type(question, all)) best *= 0.5;
  // What no quote at all mentions counts against them together.
  best *= 0.5 + 0.5 * coverage_of(question, all);
  const auto missing = texts_slot(slots, "missing_terms").size();
  const double share = question.terms.empty()
                           ? 0
                           : static_cast<double>(std::min(missing, question.terms.size())) /
                                 static_cast<double>(question.terms.size());
  return centred(best * (1 - 0.5 * share), kEnoughThreshold);
}

struct Statement {
  std::set<std::string> stems{};
  std::set<std::string> numbers{};
  std::set<std::string> names{};
  double weight = 0;
  bool is_negated = false;
};

bool is_negation(const std::string& lower) {
  static const std::set<std::string, std::less<>> kWords = {
      "no",    "not",    "never",  "none",   "neither", "nor",     "cannot", "without",
      "false", "denied", "denies", "didn",   "doesn",   "isn",     "wasn",   "aren",
      "weren", "hasn",   "hadn",   "wouldn", "couldn",  "refuted", "failed", "unlike"};
  return kWords.contains(lower);
}

Statement read_statement(const std::string& text, const Question& question, WordReader& reader) {
  Statement statement;
  for (const auto& word : reader.read(text)) {
    statement.is_negated ^= is_negation(word.lower);
    if (word.is_stop) continue;
    if (word.is_number) {
      if (!question.mentions(word.stem)) statement.numbers.insert(word.stem);
      continue;
    }
    const bool is_name = word.is_capital && !word.starts_sentence;
    if (is_name && !question.mentions(word.stem)) statement.names.insert(word.stem);
    if (statement.stems.insert(word.stem).second) statement.weight += word.weight;
  }
  return statement;
}

bool is_disjoint(const std::set<std::string>& a, const std::set<std::string>& b) {
  return !a.empty() && !b.empty() &&
         std::none_of(a.begin(), a.end(), [&](const std::string& item) { return b.contains(item); });
}

// Weight of the common stems over the weight of the lighter statement.
double similarity_of(const Statement& a, const Statement& b, WordReader& reader) {
  double common = 0;
  for (const auto& stem : a.stems) {
    if (!b.stems.contains(stem)) continue;
    const auto words = reader.read(stem);
    common += words.empty() ? 1.0 : std::max(words[0].weight, 0.1);
  }
  const double lighter = std::min(a.weight, b.weight);
  return lighter > 0 ? std::min(1.0, common / lighter) : 0;
}

std::optional<std::vector<double>> choose_conflict(const ChooseRequest& request, WordReader& reader) {
  const auto agree = index_of(request.options, "agree");
  const auto disagree = index_of(request.options, "disagree");
  const auto unrelated = index_of(request.options, "unrelated");
  if (request.options.size() != 3 || !agree || !disagree || !unrelated) return std::nullopt;
  const Json& slots = request.prompt.slots;
  const Question question = read_question(text_slot(slots, "question"), reader);
  const std::string text_a = text_slot(slots, "a");
  const std::string text_b = text_slot(slots, "b");
  const Statement a = read_statement(text_a, question, reader);
  const Statement b = read_statement(text_b, question, reader);
  const double similarity = similarity_of(a, b, reader);
  const double about =
      std::min(best_relevance(question, text_a, reader), best_relevance(question, text_b, reader));

  const bool asks_number =
      question.answer_type == AnswerType::number || question.answer_type == AnswerType::time;
  const bool asks_name =
      question.answer_type == AnswerType::name || question.answer_type == AnswerType::place;
  double difference = 0;
  if (is_disjoint(a.numbers, b.numbers)) difference += asks_number ? 2.5 : 1.5;
  if (a.is_negated != b.is_negated) difference += 1.5;
  if (is_disjoint(a.names, b.names)) difference += asks_name ? 2.0 : 0.5;
  std::vector<double> scores(3);
  scores[*agree] = 3 * similarity + about;
  scores[*disagree] = 3 * similarity + about + (2 * difference - 2) * std::min(1.0, similarity + about);
  scores[*unrelated] = 2.2 - 2 * about;
  return softmax(std::move(scores));
}

// The share of the weight of `words` that `others` hold, likeness squared where they hold no such word.
double alike_share(const std::vector<Word>& words, const std::vector<Word>& others,
                   const WordVectors& vectors) {
  std::set<std::string> stems;
  for (const auto& word : others) stems.insert(word.stem);
  double alike = 0;
  double total = 0;
  for (const auto& word : words) {
    const double likeness = stems.contains(word.stem) ? 1 : best_likeness(&vectors, word.vector, others);
    alike += word.weight * likeness * likeness;
    total += word.weight;
  }
  return total > 0 ? alike / total : 0;
}

// What both are about: the cosine of their words' weighted sums.
double topic_likeness(const std::vector<Word>& a, const std::vector<Word>& b, const WordVectors& vectors) {
  const auto topic = [&](const std::vector<Word>& words) {
    std::vector<double> sum(vectors.num_dimensions(), 0);
    for (const auto& word : words) {
      if (word.vector) vectors.add_scaled(*word.vector, word.weight, sum);
    }
    return sum;
  };
  const std::vector<double> left = topic(a);
  const std::vector<double> right = topic(b);
  const auto dot = [](const std::vector<double>& x, const std::vector<double>& y) {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
  };
  const double lengths = std::sqrt(dot(left, left) * dot(right, right));
  return lengths > 0 ? dot(left, right) / lengths : 0;
}

// An option gets the weight of its words that the request mentions, as a share of its own weight; and, with
// vectors, what both mean alike.
std::vector<double> choose_by_overlap(const ChooseRequest& request, WordReader& reader) {
  std::string text = all_text(request.prompt.slots);
  if (text.empty()) text = request.prompt.user;
  const std::vector<Word> asked = reader.read(text);
  std::set<std::string> mentioned;
  for (const auto& word : asked) mentioned.insert(word.stem);
  std::vector<double> scores;
  for (const auto& option : request.options) {
    double covered = 0;
    double total = 0;
    const std::vector<Word> words = reader.read(option);
    for (const auto& word : words) {
      const double weight = word.is_stop ? 0.1 : word.weight;
      total += weight;
      if (mentioned.contains(word.stem)) covered += weight;
    }
    double score = total > 0 ? kOverlapSharpness * covered / total : 0;
    if (const WordVectors* vectors = reader.vectors()) {
      score += kTopicWeight * topic_likeness(asked, words, *vectors) +
               kAskedWeight * alike_share(asked, words, *vectors) +
               kOptionWeight * alike_share(words, asked, *vectors);
    }
    scores.push_back(score);
  }
  return softmax(std::move(scores));
}

}  // namespace

std::vector<double> choose_by_rules(const ChooseRequest& request, WordReader& reader) {
  const std::string& task = request.prompt.task;
  const Json& slots = request.prompt.slots;
  std::optional<std::vector<double>> named;
  if (task == "deep_search.question_kind") {
    named = choose_kind(request, reader);
  } else if (task == "deep_search.enough") {
    named = two_way(request, "enough", "not enough", probability_enough(slots, reader));
  } else if (task == "deep_search.relevant") {
    const Question question = read_question(text_slot(slots, "question"), reader);
    const double score = best_relevance(question, text_slot(slots, "quote"), reader);
    named = two_way(request, "relevant", "not relevant", centred(score, kRelevantThreshold));
  } else if (task == "deep_search.conflict") {
    named = choose_conflict(request, reader);
  }
  return named ? *std::move(named) : choose_by_overlap(request, reader);
}

}  // namespace lyceum::model::lexical
