#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace lyceum {

/// Makes ULIDs (github.com/ulid/spec): 26 characters of Crockford base 32, sorted by time of creation and
/// strictly increasing within one generator. Thread-safe. `clock` and `random` must outlive it.
class IdGenerator {
 public:
  IdGenerator(const Clock& clock, Random& random) : clock_(clock), random_(random) {}

  std::string next();

 private:
  const Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  std::int64_t last_ms_ = -1;
  std::array<std::uint8_t, 10> entropy_{};
};

/// True for 26 characters of Crockford base 32 in upper case whose value fits 128 bits.
bool is_ulid(std::string_view text);

}  // namespace lyceum
