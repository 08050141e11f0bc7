#pragma once

#include <cstdint>

namespace lyceum {

/// What SplitMix64 adds to its counter for each number.
inline constexpr std::uint64_t kSplitMix64Step = 0x9E3779B97F4A7C15U;

/// One to one; every bit of the result depends on every bit of `z`.
constexpr std::uint64_t splitmix64_mix(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

/// Numbers from a seed (Steele, Lea, Flood, OOPSLA 2014): the same on every machine, unlike those of the
/// standard's distributions; not for secrets. One thread at a time.
class SplitMix64 {
 public:
  explicit constexpr SplitMix64(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() { return splitmix64_mix(state_ += kSplitMix64Step); }

  /// Below n, n > 0; the bias is below n / 2^64.
  constexpr std::uint64_t below(std::uint64_t n) { return next() % n; }

  /// In [0, 1).
  constexpr double uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace lyceum
