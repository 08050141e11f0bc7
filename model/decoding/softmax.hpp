#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace lyceum::model {

/// Probabilities in proportion to the exponentials of the scores; none for no scores.
inline std::vector<double> softmax(std::vector<double> scores) {
  const double highest = scores.empty() ? 0 : *std::ranges::max_element(scores);
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - highest);
  for (double& score : scores) score /= sum;
  return scores;
}

}  // namespace lyceum::model
