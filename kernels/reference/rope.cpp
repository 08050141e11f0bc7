#include "kernels/rope.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.hpp"

namespace lyceum::kernels {
namespace {

/// The pair that makes `turns` turns within the original context, as a fraction.
double pair_of_turns(const RopeParameters& parameters, double turns) {
  const double dims = static_cast<double>(parameters.dims);
  return dims * std::log(parameters.yarn->original_context / (turns * 2.0 * std::numbers::pi)) /
         (2.0 * std::log(parameters.base));
}

/// How much of a pair's own frequency is kept, 0..1.
double kept_share(const RopeParameters& parameters, std::size_t pair) {
  if (!parameters.yarn) return 0.0;
  const double last = static_cast<double>(parameters.dims) - 1.0;
  const double low = std::max(0.0, std::floor(pair_of_turns(parameters, parameters.yarn->beta_fast)));
  const double high = std::min(last, std::ceil(pair_of_turns(parameters, parameters.yarn->beta_slow)));
  const double ramp = (static_cast<double>(pair) - low) / std::max(0.001, high - low);
  return 1.0 - std::clamp(ramp, 0.0, 1.0);
}

}  // namespace

std::vector<double> rope_frequencies(const RopeParameters& parameters) {
  LYCEUM_CHECK(parameters.dims % 2 == 0 && parameters.base > 1.0 && parameters.factor >= 1.0);
  const std::size_t num_pairs = parameters.dims / 2;
  LYCEUM_CHECK(parameters.divisors.empty() || parameters.divisors.size() == num_pairs);
  std::vector<double> frequencies(num_pairs);
  for (std::size_t pair = 0; pair < num_pairs; ++pair) {
    const double exponent = -2.0 * static_cast<double>(pair) / static_cast<double>(parameters.dims);
    double own = std::pow(parameters.base, exponent);
    if (!parameters.divisors.empty()) own /= static_cast<double>(parameters.divisors[pair]);
    const double kept = kept_share(parameters, pair);
    frequencies[pair] = own / parameters.factor * (1.0 - kept) + own * kept;
  }
  return frequencies;
}

namespace reference {

void rope(std::span<const double> frequencies, RopePairs pairs, double magnitude, std::size_t position,
          std::span<float> head) {
  const std::size_t num_pairs = frequencies.size();
  LYCEUM_CHECK(head.size() >= 2 * num_pairs);
  for (std::size_t pair = 0; pair < num_pairs; ++pair) {
    const double angle = static_cast<double>(position) * frequencies[pair];
    const auto cosine = static_cast<float>(std::cos(angle) * magnitude);
    const auto sine = static_cast<float>(std::sin(angle) * magnitude);
    float& x = head[pairs == RopePairs::adjacent ? 2 * pair : pair];
    float& y = head[pairs == RopePairs::adjacent ? 2 * pair + 1 : pair + num_pairs];
    const float turned = x * cosine - y * sine;
    y = x * sine + y * cosine;
    x = turned;
  }
}

}  // namespace reference
}  // namespace lyceum::kernels
