#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lyceum::memory {

/// Appends fixed-width big-endian integers (so that keys sort by value) and length-prefixed strings.
class ByteWriter {
 public:
  template <std::unsigned_integral T>
  ByteWriter& integer(T value) {
    for (std::size_t shift = sizeof(T); shift-- > 0;) {
      bytes_.push_back(static_cast<char>(static_cast<std::uint8_t>(value >> (8 * shift))));
    }
    return *this;
  }

  ByteWriter& signed_integer(std::int64_t value) { return integer(std::bit_cast<std::uint64_t>(value)); }

  ByteWriter& real(double value) { return integer(std::bit_cast<std::uint64_t>(value)); }

  /// Four bytes of length, then the bytes.
  ByteWriter& string(std::string_view value) {
    return integer(static_cast<std::uint32_t>(value.size())).raw(value);
  }

  ByteWriter& raw(std::string_view value) {
    bytes_ += value;
    return *this;
  }

  const std::string& bytes() const& { return bytes_; }

  std::string bytes() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads what a ByteWriter wrote. Reading past the end yields zeros and empty strings, and finish() then
/// fails: check once, at the end. Borrows the bytes.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <std::unsigned_integral T>
  T integer() {
    const std::string_view field = raw(sizeof(T));
    T value = 0;
    for (const char byte : field) {
      value = static_cast<T>((static_cast<std::uint64_t>(value) << 8U) | static_cast<std::uint8_t>(byte));
    }
    return value;
  }

  std::int64_t signed_integer() { return std::bit_cast<std::int64_t>(integer<std::uint64_t>()); }

  double real() { return std::bit_cast<double>(integer<std::uint64_t>()); }

  std::string string() { return std::string(raw(integer<std::uint32_t>())); }

  std::string_view raw(std::size_t num_bytes) {
    if (num_bytes > rest_.size()) {
      is_short_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view field = rest_.substr(0, num_bytes);
    rest_.remove_prefix(num_bytes);
    return field;
  }

  std::string_view rest() const { return rest_; }

  /// data_loss, naming `what`, when bytes were missing or are left over.
  Result<void> finish(std::string_view what) const {
    if (!is_short_ && rest_.empty()) return ok();
    return Error{Errc::data_loss, std::string(what) + ": stored record has the wrong length"};
  }

 private:
  std::string_view rest_;
  bool is_short_ = false;
};

}  // namespace lyceum::memory
