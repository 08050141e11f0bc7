#pragma once

#include <string>

#include "base/json.hpp"

namespace lyceum {

/// Checks `value` against the subset of JSON Schema that models and tools use: type, properties, required,
/// additionalProperties, items, enum, minimum/maximum, minLength/maxLength (characters), minItems/maxItems.
/// Other keywords are ignored; so is a keyword whose own value has the wrong type, since a schema may come
/// from outside. Errors: invalid_argument, naming the path below `path` that breaks it; too_large when nested
/// deeper than kMaxJsonDepth.
Result<void> validate_schema(const Json& value, const Json& schema, const std::string& path);

}  // namespace lyceum
