#pragma once

#include <cstdint>
#include <initializer_list>

#include "base/splitmix64.hpp"

namespace lyceum::model {

/// SplitMix64 from a seed and what the numbers are for.
class SeededNumbers {
 public:
  SeededNumbers(std::uint64_t seed, std::initializer_list<std::uint64_t> purpose)
      : numbers_(mixed(seed, purpose)) {}

  std::uint64_t next() { return numbers_.next(); }

  std::uint64_t below(std::uint64_t n) { return numbers_.below(n); }

  double uniform() { return numbers_.uniform(); }

 private:
  static std::uint64_t mixed(std::uint64_t seed, std::initializer_list<std::uint64_t> purpose) {
    for (const std::uint64_t part : purpose) seed = SplitMix64(seed ^ part).next();
    return seed;
  }

  SplitMix64 numbers_;
};

}  // namespace lyceum::model
