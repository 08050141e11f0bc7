#pragma once

#include <initializer_list>
#include <string>

#include "base/json.hpp"

/// Short forms of the JSON Schemas that the built-in tools declare.
namespace lyceum::tools {

inline Json string_schema(const std::string& description, std::size_t length_min, std::size_t length_max) {
  return {
      {"type", "string"}, {"description", description}, {"minLength", length_min}, {"maxLength", length_max}};
}

inline Json text_schema() {
  return {{"type", "string"}};
}

inline Json integer_schema(const std::string& description, std::int64_t minimum, std::int64_t maximum) {
  return {{"type", "integer"}, {"description", description}, {"minimum", minimum}, {"maximum", maximum}};
}

inline Json size_schema() {
  return {{"type", "integer"}, {"minimum", 0}};
}

inline Json array_schema(Json items) {
  return {{"type", "array"}, {"items", std::move(items)}};
}

/// An object with these fields and no others.
inline Json object_schema(Json properties, std::initializer_list<const char*> required) {
  Json names = Json::array();
  for (const char* name : required) names.push_back(name);
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(names)},
          {"additionalProperties", false}};
}

}  // namespace lyceum::tools
