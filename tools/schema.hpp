#pragma once

#include "base/json.hpp"

namespace lyceum::tools {

/// True when `schema` uses only the keywords that lyceum::validate_schema knows, each with a value of the
/// right type. A keyword that is silently ignored would let through what its author meant to refuse.
bool is_usable_schema(const Json& schema);

}  // namespace lyceum::tools
