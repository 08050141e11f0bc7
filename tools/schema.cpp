#include "tools/schema.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace lyceum::tools {
namespace {

bool is_known_type(const Json& name) {
  static const std::vector<std::string> kTypes{"object", "array",   "string", "integer",
                                               "number", "boolean", "null"};
  return name.is_string() && std::find(kTypes.begin(), kTypes.end(), name.get<std::string>()) != kTypes.end();
}

bool is_size(const Json& value) {
  return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
}

bool is_usable_object(const Json& properties) {
  return properties.is_object() && std::all_of(properties.begin(), properties.end(), is_usable_schema);
}

bool is_usable_keyword(const std::string& keyword, const Json& value) {
  if (keyword == "type")
    return is_known_type(value) ||
           (value.is_array() && std::all_of(value.begin(), value.end(), is_known_type));
  if (keyword == "properties") return is_usable_object(value);
  if (keyword == "items") return is_usable_schema(value);
  if (keyword == "additionalProperties") return value.is_boolean();
  if (keyword == "required")
    return value.is_array() &&
           std::all_of(value.begin(), value.end(), [](const Json& name) { return name.is_string(); });
  if (keyword == "enum") return value.is_array() && !value.empty();
  if (keyword == "minimum" || keyword == "maximum") return value.is_number();
  if (keyword == "minLength" || keyword == "maxLength" || keyword == "minItems" || keyword == "maxItems")
    return is_size(value);
  return keyword == "title" || keyword == "description" || keyword == "default" || keyword == "examples";
}

}  // namespace

bool is_usable_schema(const Json& schema) {
  if (!schema.is_object()) return false;
  for (const auto& [keyword, value] : schema.items()) {
    if (!is_usable_keyword(keyword, value)) return false;
  }
  return true;
}

}  // namespace lyceum::tools
