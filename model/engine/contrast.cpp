#include "model/engine/contrast.hpp"

#include <algorithm>
#include <cmath>

#include "model/decoding/softmax.hpp"

namespace lyceum::model {
namespace {

constexpr double kPlausible = 0.1;
/// Far, but finite: a constraint may leave only such tokens.
constexpr float kImplausible = 1e4F;

double share(double probability, double mean) {
  return probability > 0 ? probability * std::log2(probability / mean) : 0;
}

}  // namespace

double jensen_shannon_divergence(std::span<const float> a, std::span<const float> b) {
  const std::vector<double> p = softmax({a.begin(), a.end()});
  const std::vector<double> q = softmax({b.begin(), b.end()});
  double divergence = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double mean = (p[i] + q[i]) / 2;
    divergence += (share(p[i], mean) + share(q[i], mean)) / 2;
  }
  return std::clamp(divergence, 0.0, 1.0);
}

std::vector<float> contrasted(std::span<const float> with, std::span<const float> without, double weight) {
  const float floor = *std::ranges::max_element(with) + static_cast<float>(std::log(kPlausible));
  std::vector<float> logits(with.size());
  for (std::size_t i = 0; i < with.size(); ++i) {
    const double value =
        (1 + weight) * static_cast<double>(with[i]) - weight * static_cast<double>(without[i]);
    logits[i] = with[i] < floor ? with[i] - kImplausible : static_cast<float>(value);
  }
  return logits;
}

}  // namespace lyceum::model
