#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lyceum::model::chat {

inline constexpr std::size_t kMaxTemplateBytes = 1024 * 1024;

enum class TokenKind : std::uint8_t {
  data,
  output_begin,
  output_end,
  block_begin,
  block_end,
  name,
  text,
  integer,
  number,
  symbol,
  end
};

struct Token {
  TokenKind kind = TokenKind::end;
  int line = 0;
  std::string text{};  ///< Unescaped; a symbol as it stands
};

/// With blocks trimmed as the published templates expect (trim_blocks, lstrip_blocks). malformed with the
/// line; too_large. The last token is `end`.
Result<std::vector<Token>> tokenize_template(std::string_view source);

}  // namespace lyceum::model::chat
