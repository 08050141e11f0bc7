#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace lyceum::model {

/// Seeded choices (SplitMix64): the same on every machine, unlike the standard's distributions. One thread.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

  /// 0 to n - 1; n must not be 0. The bias below 2^32 does not matter here.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }

  bool chance(double p) { return static_cast<double>(next() >> 11U) * 0x1.0p-53 < p; }

  template <class T>
  const T& pick(const std::vector<T>& items) {
    return items[below(items.size())];
  }

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace lyceum::model
