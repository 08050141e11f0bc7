#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/splitmix64.hpp"

namespace lyceum::model {

/// Seeded choices. One thread.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : numbers_(seed) {}

  std::uint64_t next() { return numbers_.next(); }

  /// 0 to n - 1; n must not be 0.
  std::size_t below(std::size_t n) { return numbers_.below(n); }

  bool chance(double p) { return numbers_.uniform() < p; }

  template <class T>
  const T& pick(const std::vector<T>& items) {
    return items[below(items.size())];
  }

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  SplitMix64 numbers_;
};

}  // namespace lyceum::model
