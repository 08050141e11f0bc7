#include "cli/eval/figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <sstream>

#include "cli/eval/question_set.hpp"

namespace lyceum::cli {
namespace {

constexpr std::size_t kBins = 10;

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(normalise_answer(text));
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  std::sort(words.begin(), words.end());
  return words;
}

/// Mean 0 and deviation 1; all 0 where they do not differ.
std::vector<double> standardised(std::vector<double> values) {
  const double middle = mean(values);
  double variance = 0;
  for (const double value : values) variance += (value - middle) * (value - middle);
  const double deviation = std::sqrt(ratio(variance, static_cast<double>(values.size())));
  for (double& value : values) value = deviation > 0 ? (value - middle) / deviation : 0;
  return values;
}

}  // namespace

double mean(const std::vector<double>& values) {
  return ratio(std::accumulate(values.begin(), values.end(), 0.0), static_cast<double>(values.size()));
}

double accuracy(const std::vector<ChoiceOutcome>& outcomes) {
  const auto right = std::count_if(outcomes.begin(), outcomes.end(), [](const ChoiceOutcome& outcome) {
    return outcome.right == outcome.chosen;
  });
  return ratio(static_cast<double>(right), static_cast<double>(outcomes.size()));
}

double macro_f1(const std::vector<ChoiceOutcome>& outcomes) {
  struct Count {
    double right = 0;
    double wanted = 0;
    double chosen = 0;
  };

  std::map<std::string, Count> counts;
  for (const ChoiceOutcome& outcome : outcomes) {
    ++counts[outcome.right].wanted;
    ++counts[outcome.chosen].chosen;
    if (outcome.right == outcome.chosen) ++counts[outcome.right].right;
  }
  std::vector<double> values;
  for (const auto& [label, count] : counts) {
    if (count.wanted > 0) values.push_back(ratio(2 * count.right, count.wanted + count.chosen));
  }
  return mean(values);
}

double calibration_error(const std::vector<ChoiceOutcome>& outcomes) {
  struct Bin {
    double count = 0;
    double confidence = 0;
    double right = 0;
  };

  std::array<Bin, kBins> bins{};
  for (const ChoiceOutcome& outcome : outcomes) {
    const auto at = static_cast<std::size_t>(std::clamp(outcome.confidence, 0.0, 0.999999) * kBins);
    ++bins[at].count;
    bins[at].confidence += outcome.confidence;
    bins[at].right += outcome.right == outcome.chosen ? 1 : 0;
  }
  double error = 0;
  for (const Bin& bin : bins) error += std::abs(bin.confidence - bin.right);
  return ratio(error, static_cast<double>(outcomes.size()));
}

double area_under_curve(const std::vector<double>& positives, const std::vector<double>& negatives) {
  double above = 0;
  for (const double positive : positives) {
    for (const double negative : negatives)
      above += positive > negative ? 1 : (positive == negative ? 0.5 : 0);
  }
  return ratio(above, static_cast<double>(positives.size() * negatives.size()));
}

double exact_match(const std::string& text, const std::vector<std::string>& answers) {
  const std::string given = normalise_answer(text);
  const bool is_right = std::any_of(answers.begin(), answers.end(), [&](const std::string& answer) {
    return normalise_answer(answer) == given;
  });
  return is_right ? 1 : 0;
}

double token_f1(const std::string& text, const std::vector<std::string>& answers) {
  const auto given = words_of(text);
  double best = 0;
  for (const std::string& answer : answers) {
    const auto wanted = words_of(answer);
    std::vector<std::string> common;
    std::set_intersection(given.begin(), given.end(), wanted.begin(), wanted.end(),
                          std::back_inserter(common));
    best = std::max(best, ratio(2 * static_cast<double>(common.size()),
                                static_cast<double>(given.size() + wanted.size())));
  }
  return best;
}

double ndcg_at_10(const std::vector<std::string>& ranking, const std::set<std::string>& relevant) {
  double gain = 0;
  double ideal = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    const double discount = 1 / std::log2(static_cast<double>(i) + 2);
    if (i < relevant.size()) ideal += discount;
    if (i < ranking.size() && relevant.contains(ranking[i])) gain += discount;
  }
  return ratio(gain, ideal);
}

double recall_at(const std::vector<std::string>& ranking, const std::set<std::string>& relevant,
                 std::size_t k) {
  double found = 0;
  for (std::size_t i = 0; i < std::min(k, ranking.size()); ++i)
    found += relevant.contains(ranking[i]) ? 1 : 0;
  return ratio(found, static_cast<double>(relevant.size()));
}

std::vector<double> fused_scores(const std::vector<double>& lexical, const std::vector<double>& dense,
                                 double weight) {
  std::vector<double> fused = standardised(lexical);
  const std::vector<double> other = standardised(dense);
  for (std::size_t i = 0; i < fused.size(); ++i) fused[i] += weight * other[i];
  return fused;
}

}  // namespace lyceum::cli
