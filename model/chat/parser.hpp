#pragma once

#include <string_view>

#include "base/result.hpp"
#include "model/chat/syntax.hpp"

namespace lyceum::model::chat {

/// malformed or unsupported with the line; too_large for a source or a nesting over the limits.
Result<Block> parse_template(std::string_view source);

}  // namespace lyceum::model::chat
