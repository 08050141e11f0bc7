#pragma once

#include <chrono>
#include <cstdint>

namespace lyceum {

/// Wall-clock time as a seam, so that tests own it. Thread-safe.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  /// Milliseconds since 1970-01-01 UTC.
  virtual std::int64_t now_ms() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::int64_t now_ms() const override;
};

/// Stands still until a test moves it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t start_ms = 1'700'000'000'000) : now_ms_(start_ms) {}

  std::int64_t now_ms() const override { return now_ms_; }

  void advance(std::chrono::milliseconds by) { now_ms_ += by.count(); }

 private:
  std::int64_t now_ms_;
};

/// For durations and deadlines inside the process.
using MonotonicClock = std::chrono::steady_clock;

}  // namespace lyceum
