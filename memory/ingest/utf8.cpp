#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <unicode/unistr.h>

#include "base/text.hpp"
#include "memory/ingest/parse.hpp"

namespace lyceum::memory {
namespace {

constexpr std::string_view kMark8 = "\xEF\xBB\xBF";
constexpr std::string_view kMark16Little = "\xFF\xFE";
constexpr std::string_view kMark16Big = "\xFE\xFF";

/// Bytes 0x80..0x9F of Windows-1252 (WHATWG Encoding, index-windows-1252); the rest is Latin-1.
constexpr std::array<char16_t, 32> kWindows1252{
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

std::string from_utf16(std::string_view bytes, bool is_little_endian) {
  icu::UnicodeString units;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const auto low = static_cast<unsigned char>(bytes[is_little_endian ? i : i + 1]);
    const auto high = static_cast<unsigned char>(bytes[is_little_endian ? i + 1 : i]);
    units.append(static_cast<char16_t>(low | (high << 8U)));
  }
  std::string text;
  units.toUTF8String(text);
  return text;
}

std::string from_windows_1252(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const char32_t point = byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80U] : byte;
    if (point < 0x80) {
      text += c;
    } else if (point < 0x800) {
      text += static_cast<char>(0xC0U | (point >> 6U));
      text += static_cast<char>(0x80U | (point & 0x3FU));
    } else {
      text += static_cast<char>(0xE0U | (point >> 12U));
      text += static_cast<char>(0x80U | ((point >> 6U) & 0x3FU));
      text += static_cast<char>(0x80U | (point & 0x3FU));
    }
  }
  return text;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x7F || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f');
}

/// Western text in one byte a character: no control characters, and mostly ASCII.
bool looks_like_windows_1252(std::string_view bytes) {
  if (std::any_of(bytes.begin(), bytes.end(), is_control)) return false;
  const auto num_high = std::count_if(bytes.begin(), bytes.end(), [](char c) { return (c & 0x80) != 0; });
  return static_cast<std::size_t>(num_high) <= bytes.size() / 4;
}

}  // namespace

Result<std::string> to_utf8(std::string bytes) {
  const std::string_view view = bytes;
  if (view.substr(0, 2) == kMark16Little) return from_utf16(view.substr(2), true);
  if (view.substr(0, 2) == kMark16Big) return from_utf16(view.substr(2), false);
  if (const std::size_t zero = bytes.find('\0'); zero != std::string::npos) {
    return Error{Errc::unsupported,
                 "is binary, not text (a zero byte at offset " + std::to_string(zero) + ")"};
  }
  if (view.substr(0, 3) == kMark8) bytes.erase(0, 3);
  if (is_utf8(bytes)) return bytes;
  if (looks_like_windows_1252(bytes)) return from_windows_1252(bytes);
  return Error{Errc::unsupported, "is neither UTF-8 nor Western text in one byte a character"};
}

}  // namespace lyceum::memory
