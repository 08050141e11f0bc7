#pragma once

#include <cstdint>
#include <initializer_list>

namespace lyceum::model {

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the same numbers on every machine, from a seed and what the
/// numbers are for.
class SeededNumbers {
 public:
  SeededNumbers(std::uint64_t seed, std::initializer_list<std::uint64_t> purpose) : state_(seed) {
    for (const std::uint64_t part : purpose) {
      state_ ^= part;
      state_ = next();
    }
  }

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

  /// Below n, n > 0; the bias is below n / 2^64.
  std::uint64_t below(std::uint64_t n) { return next() % n; }

  /// In [0, 1).
  double uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace lyceum::model
