#pragma once

#include <cstddef>
#include <deque>

#include "base/clock.hpp"

namespace lyceum::model {

/// Tokens per second of work over the last few seconds; idle time does not count.
class Throughput {
 public:
  void add(MonotonicClock::time_point begin, MonotonicClock::time_point end, std::size_t prefill_tokens,
           std::size_t decode_tokens);

  double prefill_per_s() const { return seconds_ > 0 ? static_cast<double>(prefill_) / seconds_ : 0; }

  double decode_per_s() const { return seconds_ > 0 ? static_cast<double>(decode_) / seconds_ : 0; }

 private:
  struct Step {
    MonotonicClock::time_point end{};
    double seconds = 0;
    std::size_t prefill = 0;
    std::size_t decode = 0;
  };

  std::deque<Step> steps_{};
  double seconds_ = 0;
  std::size_t prefill_ = 0;
  std::size_t decode_ = 0;
};

}  // namespace lyceum::model
