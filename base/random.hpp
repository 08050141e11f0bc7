#pragma once

#include <cstdint>
#include <mutex>
#include <span>

#include "base/splitmix64.hpp"

namespace lyceum {

/// Randomness as a seam, so that a test or a simulation can fix the seed. Thread-safe.
class Random {
 public:
  Random() = default;
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;
  virtual ~Random() = default;

  virtual void fill(std::span<std::uint8_t> bytes) = 0;
};

/// The operating system's generator: fit for credentials.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override;
};

/// SplitMix64 from a seed: reproducible, not for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : numbers_(seed) {}

  void fill(std::span<std::uint8_t> bytes) override;

 private:
  std::mutex mutex_;
  SplitMix64 numbers_;
};

}  // namespace lyceum
