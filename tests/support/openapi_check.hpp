#pragma once

#include <string>

#include "base/json.hpp"

namespace lyceum::test {

/// What the OpenAPI document says against an answer; empty when it conforms. `path` is the pattern of the
/// document.
std::string conformance_problem(const Json& openapi, const std::string& method, const std::string& path,
                                unsigned status, const std::string& content_type, const std::string& body);

/// What a JSON Schema of the document (with $ref, anyOf, type, enum, const, properties, required,
/// additionalProperties, items, minimum) says against a value; empty when it conforms.
std::string schema_problem(const Json& openapi, const Json& schema, const Json& value,
                           const std::string& where);

/// The document's pattern for a concrete path; empty when there is none.
std::string pattern_of(const Json& openapi, const std::string& path);

}  // namespace lyceum::test
