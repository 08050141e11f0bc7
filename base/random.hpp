#pragma once

#include <cstdint>
#include <mutex>
#include <span>

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

/// SplitMix64 from a seed (Steele, Lea, Flood, OOPSLA 2014): reproducible, not for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  void fill(std::span<std::uint8_t> bytes) override;

 private:
  std::mutex mutex_;
  std::uint64_t state_;
};

}  // namespace lyceum
