#pragma once

#include "base/result.hpp"
#include "model/chat/syntax.hpp"
#include "model/chat/token_cursor.hpp"

namespace lyceum::model::chat {

/// Reads expressions from the cursor, which it borrows; errors as parse_template.
class ExpressionParser {
 public:
  explicit ExpressionParser(TokenCursor& cursor) : cursor_(cursor) {}

  /// One expression, or with commas a list.
  Result<ExpressionPtr> parse_tuple();
  Result<ExpressionPtr> parse_expression();
  /// Stops before an "if".
  Result<ExpressionPtr> parse_without_condition();

 private:
  TokenCursor& cursor_;
};

}  // namespace lyceum::model::chat
