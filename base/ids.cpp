#include "base/ids.hpp"

#include <algorithm>

namespace lyceum {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// Adds one to a big-endian number. Overflow (2^80 ids in one millisecond) cannot happen in practice.
void increment(std::array<std::uint8_t, 10>& number) {
  for (auto byte = number.rbegin(); byte != number.rend(); ++byte) {
    if (++*byte != 0) return;
  }
}

std::string encode(std::int64_t ms, const std::array<std::uint8_t, 10>& entropy) {
  std::string text(26, '0');
  for (std::size_t i = 0; i < 10; ++i) {
    text[i] = kAlphabet[static_cast<std::size_t>(ms >> (5 * (9 - i))) & 31U];
  }
  // 80 bits are exactly 16 digits of 5 bits.
  for (std::size_t digit = 0; digit < 16; ++digit) {
    const std::size_t bit = digit * 5;
    const std::size_t high = entropy[bit / 8];
    const std::size_t low = bit / 8 + 1 < entropy.size() ? entropy[bit / 8 + 1] : 0U;
    text[10 + digit] = kAlphabet[((high << 8U | low) >> (11U - bit % 8)) & 31U];
  }
  return text;
}

}  // namespace

std::string IdGenerator::next() {
  const std::scoped_lock lock(mutex_);
  const std::int64_t now = clock_.now_ms();
  if (now > last_ms_) {
    last_ms_ = now;
    random_.fill(entropy_);
  } else {
    increment(entropy_);  // Same millisecond, or a clock that went back: stay ahead of the last id.
  }
  return encode(last_ms_, entropy_);
}

bool is_ulid(std::string_view text) {
  const auto is_digit = [](char c) { return kAlphabet.find(c) != std::string_view::npos; };
  return text.size() == 26 && text.front() <= '7' && std::all_of(text.begin(), text.end(), is_digit);
}

}  // namespace lyceum
