#pragma once

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "model/engine_status.hpp"

namespace lyceum::model {

/// Writes an engine's state into metrics, a few times a second at most. One thread.
class EngineMetrics {
 public:
  explicit EngineMetrics(Metrics& metrics) : metrics_(metrics) {}

  /// `is_idle`: no further report comes soon, so this one is written in any case.
  void report(const EngineStatus& status, bool is_idle);

 private:
  void report_fetches(const EngineStatus& status);

  Metrics& metrics_;
  MonotonicClock::time_point next_{};
  EngineStatus last_{};
};

}  // namespace lyceum::model
