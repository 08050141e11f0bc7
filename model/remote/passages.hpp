#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/text.hpp"

namespace lyceum::model::remote {

/// Where `passage` stands in `source`, letter by letter, with any run of white space for any other; nothing
/// when it does not stand there. Quotation marks and dots around the passage are ignored. Cost: linear in the
/// source for usual text.
std::optional<TextRange> locate(std::string_view source, std::string_view passage);

}  // namespace lyceum::model::remote
