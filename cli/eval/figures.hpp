#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

/// Figures of evaluations, as published work computes them. All are pure.
namespace lyceum::cli {

/// One answered choice.
struct ChoiceOutcome {
  std::string right{};   ///< Label of the right option.
  std::string chosen{};  ///< Label of the likeliest one.
  double confidence = 0;
};

double accuracy(const std::vector<ChoiceOutcome>& outcomes);
/// The mean over the labels that are right somewhere.
double macro_f1(const std::vector<ChoiceOutcome>& outcomes);
/// Expected calibration error over ten bins of confidence (Guo et al. 2017, arXiv 1706.04599).
double calibration_error(const std::vector<ChoiceOutcome>& outcomes);

/// How often a positive scores above a negative; ties count half.
double area_under_curve(const std::vector<double>& positives, const std::vector<double>& negatives);

/// SQuAD's measures, the best over the answers; texts are normalised (cli/eval/question_set.hpp).
double exact_match(const std::string& text, const std::vector<std::string>& answers);
double token_f1(const std::string& text, const std::vector<std::string>& answers);

/// Discounted cumulative gain at 10 with gains of 0 and 1, over the best possible.
double ndcg_at_10(const std::vector<std::string>& ranking, const std::set<std::string>& relevant);
double recall_at(const std::vector<std::string>& ranking, const std::set<std::string>& relevant,
                 std::size_t k);

/// Ranks by z-score of `lexical` + `weight` times the z-score of `dense`; both have one score a document.
std::vector<double> fused_scores(const std::vector<double>& lexical, const std::vector<double>& dense,
                                 double weight);

double mean(const std::vector<double>& values);

}  // namespace lyceum::cli
