#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lyceum::memory {

inline constexpr std::size_t kMaxRecordIdBytes = 200;

/// One record of a JSON Lines file.
struct JsonRecord {
  std::uint64_t line = 0;  ///< From 1.
  std::string id{};        ///< Empty where the record has none.
  std::string title{};
  std::string text{};
};

/// Walks the records of a JSON Lines text: id or _id, title, and the first of text, context, body and content
/// that holds something. Blank lines are passed over. Borrows the text.
class JsonLines {
 public:
  explicit JsonLines(std::string_view text) : rest_(text) {}

  bool at_end();
  /// The next record. Errors: malformed, unsupported (no text); the walk may go on. `line()` is the one that
  /// was read.
  Result<JsonRecord> next();

  std::uint64_t line() const { return line_; }

 private:
  std::string_view rest_;
  std::uint64_t line_ = 0;
};

}  // namespace lyceum::memory
