#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/decoding/grammar.hpp"

namespace lyceum::model {

inline constexpr std::size_t kMaxSchemaBytes = 256U << 10U;

/// The grammar of json_schema_constraint, with its errors.
Result<Grammar> grammar_of_schema(const Json& schema);

}  // namespace lyceum::model
