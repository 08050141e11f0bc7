#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lyceum::model {

/// An error at a place in a schema: "#/properties/age: …".
Error schema_error(Errc code, const std::string& path, const std::string& why);

/// `path` followed by one more step, as in a JSON pointer.
std::string path_below(const std::string& path, const std::string& step);

/// True for keywords that constrain nothing: titles, defaults, `format`.
bool is_annotation(const std::string& keyword);

/// That `schema` is true, false or an object, that all its keywords are known (unsupported otherwise) and
/// that their values have the right form (invalid_argument). Does not look into the schemas within.
Result<void> check_keywords(const Json& schema, const std::string& path);

/// What a local reference ("#", "#/$defs/name") names in `root`. unsupported for one that is not local,
/// invalid_argument when nothing is there.
Result<const Json*> resolve_reference(const Json& root, const std::string& reference,
                                      const std::string& path);

/// The schema without `keyword`.
Json without(Json schema, const char* keyword);

}  // namespace lyceum::model
