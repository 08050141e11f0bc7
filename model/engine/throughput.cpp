#include "model/engine/throughput.hpp"

namespace lyceum::model {

constexpr std::chrono::seconds kWindow{5};

void Throughput::add(MonotonicClock::time_point begin, MonotonicClock::time_point end,
                     std::size_t prefill_tokens, std::size_t decode_tokens) {
  const double seconds = std::chrono::duration<double>(end - begin).count();
  steps_.push_back({.end = end, .seconds = seconds, .prefill = prefill_tokens, .decode = decode_tokens});
  seconds_ += seconds;
  prefill_ += prefill_tokens;
  decode_ += decode_tokens;
  while (steps_.front().end + kWindow < end) {
    seconds_ -= steps_.front().seconds;
    prefill_ -= steps_.front().prefill;
    decode_ -= steps_.front().decode;
    steps_.pop_front();
  }
}

}  // namespace lyceum::model
