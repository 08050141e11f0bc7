#include "base/random.hpp"

#include <sys/random.h>

#include "base/check.hpp"

namespace lyceum {

void SystemRandom::fill(std::span<std::uint8_t> bytes) {
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    LYCEUM_CHECK(count > 0);
    filled += static_cast<std::size_t>(count);
  }
}

void SeededRandom::fill(std::span<std::uint8_t> bytes) {
  const std::scoped_lock lock(mutex_);
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 8 == 0) word = numbers_.next();
    bytes[i] = static_cast<std::uint8_t>(word >> (8U * (i % 8)));
  }
}

}  // namespace lyceum
