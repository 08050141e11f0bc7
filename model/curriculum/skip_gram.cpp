#include "model/curriculum/skip_gram.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/training/seeded.hpp"

namespace lyceum::model {
namespace {

constexpr double kNegativePower = 0.75;
constexpr std::size_t kNegativeTable = std::size_t{1} << 20U;
constexpr double kLeastRateShare = 0.002;
constexpr std::size_t kMaxText = 2048;
constexpr double kSigmoidRange = 6;
constexpr std::size_t kSigmoidSteps = 2048;

float dot(const float* a, const float* b, std::size_t size) {
  std::array<float, kVectorLanes> lanes{};
  for (std::size_t i = 0; i < size; i += kVectorLanes) {
    for (std::size_t lane = 0; lane < kVectorLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

std::vector<double> count_items(std::span<const std::int32_t> items, std::size_t num_items) {
  std::vector<double> counts(num_items, 0);
  for (const std::int32_t item : items) {
    if (item >= 0) ++counts[static_cast<std::size_t>(item)];
  }
  return counts;
}

/// Items as often as their counts to the power of kNegativePower say.
std::vector<std::uint32_t> negative_table(const std::vector<double>& counts) {
  double total = 0;
  for (const double count : counts) total += std::pow(count, kNegativePower);
  std::vector<std::uint32_t> table(kNegativeTable);
  std::size_t item = 0;
  double reached = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double wanted = total * (static_cast<double>(i) + 0.5) / static_cast<double>(table.size());
    while (item + 1 < counts.size() && reached + std::pow(counts[item], kNegativePower) < wanted)
      reached += std::pow(counts[item++], kNegativePower);
    table[i] = static_cast<std::uint32_t>(item);
  }
  return table;
}

class SkipGram {
 public:
  SkipGram(std::span<const std::int32_t> items, std::size_t num_items, const SkipGramOptions& options)
      : items_(items),
        options_(options),
        numbers_(options.seed, {}),
        counts_(count_items(items, num_items)),
        negatives_(negative_table(counts_)),
        inputs_(num_items * options.dimensions),
        outputs_(num_items * options.dimensions, 0.0F),
        change_(options.dimensions) {
    for (const double count : counts_) total_ += count;
    const double scale = 1.0 / static_cast<double>(options.dimensions);
    for (float& value : inputs_) value = static_cast<float>((numbers_.uniform() - 0.5) * scale);
    for (std::size_t i = 0; i < sigmoids_.size(); ++i) {
      const double x = ((static_cast<double>(i) + 0.5) / kSigmoidSteps * 2 - 1) * kSigmoidRange;
      sigmoids_[i] = static_cast<float>(1 / (1 + std::exp(-x)));
    }
  }

  std::vector<float> take() {
    for (std::size_t pass = 0; pass < options_.passes; ++pass) run_pass();
    return std::move(inputs_);
  }

 private:
  void run_pass() {
    std::vector<std::size_t> text;
    for (std::size_t at = 0; at < items_.size();) {
      text.clear();
      const std::size_t end = std::min(items_.size(), at + kMaxText);
      while (at < end && items_[at] >= 0) {
        const auto item = static_cast<std::size_t>(items_[at++]);
        num_done_ += 1;
        if (is_kept(item)) text.push_back(item);
      }
      if (at < items_.size() && items_[at] < 0) ++at;
      learn(text);
    }
  }

  bool is_kept(std::size_t item) {
    const double excess = options_.frequent * total_ / counts_[item];
    return numbers_.uniform() < std::sqrt(excess) + excess;
  }

  void learn(const std::vector<std::size_t>& text) {
    const double left = 1 - num_done_ / (total_ * static_cast<double>(options_.passes));
    const auto rate = static_cast<float>(options_.rate * std::max(kLeastRateShare, left));
    for (std::size_t centre = 0; centre < text.size(); ++centre) {
      const std::size_t reach = 1 + numbers_.below(options_.window);
      const std::size_t last = std::min(text.size() - 1, centre + reach);
      for (std::size_t at = centre - std::min(centre, reach); at <= last; ++at) {
        if (at != centre) learn_pair(text[at], text[centre], rate);
      }
    }
  }

  void learn_pair(std::size_t input, std::size_t output, float rate) {
    float* row = inputs_.data() + input * options_.dimensions;
    std::ranges::fill(change_, 0.0F);
    pull(row, output, 1, rate);
    for (std::size_t i = 0; i < options_.negatives; ++i) {
      const std::size_t other = negatives_[numbers_.below(negatives_.size())];
      if (other != output) pull(row, other, 0, rate);
    }
    for (std::size_t i = 0; i < change_.size(); ++i) row[i] += change_[i];
  }

  /// Toward the output where `wanted` is 1, away from it where it is 0.
  void pull(const float* row, std::size_t output, float wanted, float rate) {
    float* other = outputs_.data() + output * options_.dimensions;
    const float step = (wanted - sigmoid(dot(row, other, options_.dimensions))) * rate;
    float* change = change_.data();
    for (std::size_t i = 0; i < options_.dimensions; ++i) change[i] += step * other[i];
    for (std::size_t i = 0; i < options_.dimensions; ++i) other[i] += step * row[i];
  }

  float sigmoid(float x) const {
    constexpr auto kRange = static_cast<float>(kSigmoidRange);
    if (x >= kRange) return 1;
    if (x <= -kRange) return 0;
    return sigmoids_[static_cast<std::size_t>((x + kRange) / (2 * kRange) * (kSigmoidSteps - 1))];
  }

  std::span<const std::int32_t> items_;
  const SkipGramOptions& options_;
  SeededNumbers numbers_;
  std::vector<double> counts_;
  std::vector<std::uint32_t> negatives_;
  std::vector<float> inputs_;
  std::vector<float> outputs_;
  std::vector<float> change_;  ///< Of the input, gathered over a pair and its negatives
  std::array<float, kSigmoidSteps> sigmoids_{};
  double total_ = 0;
  double num_done_ = 0;
};

}  // namespace

std::vector<float> train_skip_gram(std::span<const std::int32_t> items, std::size_t num_items,
                                   const SkipGramOptions& options) {
  return SkipGram(items, num_items, options).take();
}

}  // namespace lyceum::model
