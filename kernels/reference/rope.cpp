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

void rope_factors(std::span<const double> frequencies, double magnitude, std::size_t position,
                  std::span<float> cosines, std::span<float> sines) {
  LYCEUM_CHECK(cosines.size() == frequencies.size() && sines.size() == frequencies.size());
  for (std::size_t pair = 0; pair < frequencies.size(); ++pair) {
    const double angle = static_cast<double>(position) * frequencies[pair];
    cosines[pair] = static_cast<float>(std::cos(angle) * magnitude);
    sines[pair] = static_cast<float>(std::sin(angle) * magnitude);
  }
}

void turn_head(const RopeTurn& turn, RopePairs pairs, std::span<float> head) {
  const std::size_t num_pairs = turn.cosines.size();
  LYCEUM_CHECK(turn.sines.size() == num_pairs && head.size() >= 2 * num_pairs);
  const std::size_t step = pairs == RopePairs::adjacent ? 2 : 1;
  const std::size_t distance = pairs == RopePairs::adjacent ? 1 : num_pairs;
  for (std::size_t pair = 0; pair < num_pairs; ++pair) {
    float& x = head[step * pair];
    float& y = head[step * pair + distance];
    const float turned = x * turn.cosines[pair] - y * turn.sines[pair];
    y = x * turn.sines[pair] + y * turn.cosines[pair];
    x = turned;
  }
}

namespace reference {

void rope(std::span<const double> frequencies, RopePairs pairs, double magnitude, std::size_t position,
          std::span<float> head) {
  std::vector<float> cosines(frequencies.size());
  std::vector<float> sines(frequencies.size());
  rope_factors(frequencies, magnitude, position, cosines, sines);
  turn_head({cosines, sines}, pairs, head);
}

}  // namespace reference
}  // namespace lyceum::kernels
